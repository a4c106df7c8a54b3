import { COLUMNS, type ColumnKind, type Noun } from './columns.js';

/** What hand-made files may say besides: where a subnet that is named by its range is, and whose a lease is. */
const MORE: Readonly<Record<Noun, readonly string[]>> = {
  pool: [],
  subnet: [],
  reservation: [],
  lease: ['pool', 'owner'],
};

/** What export tells and an import makes anew. */
const TOLD = new Set(['createdAt', 'updatedAt', 'version']);

const MEMBERS = Object.fromEntries(
  Object.entries(COLUMNS).map(([noun, columns]) => [
    noun,
    new Set([...columns.map(({ name }) => name), ...MORE[noun as Noun]]),
  ]),
) as unknown as Readonly<Record<Noun, ReadonlySet<string>>>;

const KINDS = new Map<string, ColumnKind>(
  Object.values(COLUMNS).flatMap((columns) => columns.map(({ name, kind }) => [name, kind] as const)),
);

/** How a column of CSV is written; undefined when no noun has it. */
export const kindOf = (name: string): ColumnKind | undefined => KINDS.get(name);

/** The members that say something to an import, without those that are null; the first name that does not belong there. */
export function membersOf(noun: Noun, value: Readonly<Record<string, unknown>>): Record<string, unknown> | string {
  const members: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    if (!MEMBERS[noun].has(name)) return name;
    if (value[name] !== null && !TOLD.has(name)) members[name] = value[name];
  }
  return members;
}
