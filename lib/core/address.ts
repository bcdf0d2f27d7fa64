/** Answers: is this text an IP address, and is it the same one as that? */
import { isIP } from "node:net";
import { Address6 } from "ip-address";

/**
 * The one spelling of an address that we compare and write: IPv4 as it is, IPv6 as RFC 5952 has it.
 * Undefined for anything else: names, CIDRs, `10.1`, `010.0.0.1`, zones.
 */
export function canonicalAddress(text: string): string | undefined {
  const family = text.includes("%") ? 0 : isIP(text);
  if (family === 4) return text;
  return family === 6 ? new Address6(text).correctForm() : undefined;
}

/** Two hosts are one when they are the same address in any spelling, or the same name. */
export function sameHost(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return (canonicalAddress(one) ?? one) === (canonicalAddress(other) ?? other);
}
