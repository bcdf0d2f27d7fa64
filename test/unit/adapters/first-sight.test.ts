/** Since when a claim is known in its present version. */
import { FirstSight } from "../../../lib/adapters/first-sight";
import { systemClock } from "../../../lib/adapters/system-clock";
import { claim, put } from "../../gen/objects";

beforeEach(() => void jest.useFakeTimers({ now: 1000 }));
afterEach(() => void jest.useRealTimers());

const version = (text: string): ReturnType<typeof claim> => claim(put("metadata", "resourceVersion")(text));

describe("The first sight of a claim", () => {
  test("stays while the claim stays as it is", () => {
    const sight = new FirstSight(systemClock);
    expect(sight.of("a", version("1"))).toBe(1000);
    jest.setSystemTime(2000);
    expect(sight.of("a", version("1"))).toBe(1000);
    expect(sight.of("b", version("1"))).toBe(2000);
  });

  test("is anew when somebody wrote to it, or made it again", () => {
    const sight = new FirstSight(systemClock);
    sight.of("a", version("1"));
    jest.setSystemTime(2000);
    expect(sight.of("a", version("2"))).toBe(2000);
    jest.setSystemTime(3000);
    expect(sight.of("a", claim(put("metadata", "uid")("other")))).toBe(3000);
  });

  test("is forgotten with the claim", () => {
    const sight = new FirstSight(systemClock);
    sight.of("a", version("1"));
    sight.forget("a");
    jest.setSystemTime(2000);
    expect(sight.of("a", version("1"))).toBe(2000);
  });
});
