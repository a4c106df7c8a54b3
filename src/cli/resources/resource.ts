import type { Answer } from '../client/answer.js';
import type { Api } from '../client/client.js';
import type { paths } from '../client/schema.js';
import type { Column } from '../output/table.js';
import type { Filter, Sort } from '../options/listing.js';

/** Query parameters of lists; which of them a list has, its `filters` say. */
export type ListQuery = { [F in Filter]?: string } & {
  name?: string;
  namePrefix?: string;
  tag?: string[];
  metadata?: string[];
  sort?: Sort;
  limit?: number;
  cursor?: string;
};

type Parameters<Path extends keyof paths> = paths[Path] extends { get: { parameters: { query?: infer Query } } }
  ? Query
  : never;

/** By what the API sorts a list, but for the direction. */
export type SortOf<Path extends keyof paths> = Exclude<
  NonNullable<Parameters<Path>> extends { sort?: infer S } ? S : never,
  undefined | `-${string}`
>;

export interface Page<T> {
  readonly rows: readonly T[];
  /** Cursor of the page after this; undefined on the last. */
  readonly next?: string | undefined;
  /** The page as it came. */
  readonly text: string;
}

/** What the command line knows of a kind of resource. */
export interface Resource<T extends { id: string }> {
  readonly one: string;
  readonly many: string;
  /** Key of the array in the API's lists. */
  readonly key: string;
  readonly filters: readonly Filter[];
  /** By what else than id its list sorts. */
  readonly sorts: readonly string[];
  readonly columns: readonly Column<T>[];
  /** May throw `Refusal`, as all calls of the API. */
  list(api: Api, query: ListQuery): Promise<Page<T>>;
  get(api: Api, id: string): Promise<Answer<T>>;
  /** Undefined where the API deletes none by itself. */
  readonly remove?: (api: Api, id: string) => Promise<unknown>;
  /** How else than by id or name people may call one: the query that finds candidates, and which of them is meant. */
  readonly alias?: (text: string) => { query: ListQuery; fits: (row: T) => boolean } | undefined;
}
