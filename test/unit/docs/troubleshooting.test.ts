/** The README's "Troubleshooting": what it says is so, and every path of it is walked. */
import { isReason } from "../../../lib/core/verdict";
import { ENTRIES } from "../../support/readme";
import { titlesOf } from "./titles";

const symptoms = ENTRIES.map(({ under, symptom }) => `${under}: ${symptom}`);

/** Each test with the `describe` it is in; a title is the symptom, and what ends it. */
function walked(): string[] {
  let under = "";
  return titlesOf("test/integration/troubleshooting.test.ts").flatMap((title) => {
    if (ENTRIES.some((entry) => entry.under === title)) under = title;
    const entry = ENTRIES.find((one) => one.under === under && title.startsWith(`${one.symptom}: `));
    return entry ? [`${under}: ${entry.symptom}`] : [];
  });
}

test("has symptoms, and names each once", () => {
  expect(symptoms.length).toBeGreaterThan(20);
  expect(symptoms.filter((symptom, index) => symptoms.indexOf(symptom) !== index)).toEqual([]);
});

test("every symptom is walked, in this order", () => {
  expect(walked()).toEqual(symptoms);
});

test("what is written like a reason is one", () => {
  const words = ENTRIES.flatMap(({ symptom }) => symptom.match(/^[A-Z]\w+[A-Z]\w+(?=$|,| at)/) ?? []);
  expect(words.length).toBeGreaterThan(10);
  expect(words.filter((word) => !isReason(word))).toEqual([]);
});
