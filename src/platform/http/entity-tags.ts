/** Strong entity tag of a row version (RFC 9110 section 8.8.3). */
export const etagOf = (version: number): string => `"${version}"`;

/** One of a list of entity tags: the opaque text has no quotation mark in it, but may have commas. */
const ENTITY_TAG = /(W\/)?"[^"]*"/g;
const tagsOf = (header: string): readonly string[] => header.match(ENTITY_TAG) ?? [];

/** True when If-Match names this version, or anything that is there (RFC 9110 section 13.1.1: strong comparison). */
export function ifMatchNames(header: string, version: number): boolean {
  return header.trim() === '*' || tagsOf(header).includes(etagOf(version));
}

/** True when If-None-Match names this version, or anything that is there (RFC 9110 section 13.1.2: weak comparison). */
export function ifNoneMatchNames(header: string, version: number): boolean {
  return header.trim() === '*' || tagsOf(header).some((tag) => tag.replace('W/', '') === etagOf(version));
}
