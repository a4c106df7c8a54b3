/**
 * The time of this statement, in whole milliseconds. It comes after the locks that statements before it waited for, so it is
 * later than whatever the locked rows have been through; the time of the transaction's start might not be.
 */
export const NOW = `date_trunc('milliseconds', statement_timestamp())`;

/** How one kind of holder (alias `h` in its history, `v` where it is alive) is found. */
export interface Kind {
  /** Its history. */
  table: 'address_history' | 'port_history';
  /** Columns that say what is held, besides the space; all equal is the same place. */
  place: readonly string[];
}

export const ADDRESSES: Kind = { table: 'address_history', place: ['address'] };
export const PORTS: Kind = { table: 'port_history', place: ['address', 'protocol', 'port'] };

const samePlace = ({ place }: Kind, one: string, other: string): string =>
  place.map((column) => `${one}.${column} = ${other}.${column}`).join(' AND ');

/**
 * When the present segment of a living row `v` (with the columns of its place, space_id and created_at) began: when the row
 * was made, or where its last segment ended. Nothing else moves it, so segments follow each other without holes.
 *
 * Clocks: the row's time is that of an API process, ours is the database's. One that was made "later than now" began just
 * now. Should the database's clock have gone back (a fail-over), the segment begins where the last one ended, which may be
 * later than now: then it is empty until the clock is there. So no release can fail for its history.
 *
 * One look-up of the primary key, backwards.
 */
export const sinceOf = (kind: Kind): string => `
  greatest(
    least(date_trunc('milliseconds', v.created_at), ${NOW} - interval '1 millisecond'),
    (SELECT last.until FROM ${kind.table} last
     WHERE ${samePlace(kind, 'last', 'v')} AND last.space_id = v.space_id ORDER BY last.since DESC LIMIT 1)
  )`;
