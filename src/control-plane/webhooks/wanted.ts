/** Which events a webhook gets; an empty list does not matter. */
export interface Wanted {
  types: readonly string[];
  subjects: readonly string[];
  owners: readonly string[];
}

interface Told {
  type: string;
  subject: string;
  owner: string | null;
}

const any = (patterns: readonly string[], text: string): boolean =>
  patterns.length === 0 || patterns.some((pattern) => fits(pattern, text));

/** `ipam.lease.*` (or `ipam.lease.`, as `GET /events` has it) fits all that begin with `ipam.lease.`. */
function fits(pattern: string, text: string): boolean {
  if (pattern.endsWith('*')) return text.startsWith(pattern.slice(0, -1));
  return /[./]$/.test(pattern) ? text.startsWith(pattern) : text === pattern;
}

export const isWanted = ({ types, subjects, owners }: Wanted, { type, subject, owner }: Told): boolean =>
  any(types, type) && any(subjects, subject) && (owners.length === 0 || (owner !== null && owners.includes(owner)));
