import { notFound, Failure, usage } from '../failure.js';
import type { Session } from '../session.js';
import type { ListQuery, Resource } from './resource.js';

const ID = /^([0-9a-f]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

interface Found {
  id: string;
  name?: string;
  owner?: string;
}

/**
 * The id of what people call by id, by name, or (where the resource has one) by an alias such as an address. Names are
 * looked for in lists and never put into a path: one may be `..` or longer than a path. Of several with one name, our
 * own is meant. Throws `not found`, or says that the name is not unique.
 */
export async function findId<T extends Found>(session: Session, resource: Resource<T>, text: string): Promise<string> {
  if (text === '') throw usage(`The ${resource.one} must be named: "" names none.`);
  if (ID.test(text)) return text.toLowerCase();
  return (await findNamed(session, resource, text)).id;
}

/** The resource itself. */
export async function find<T extends Found>(session: Session, resource: Resource<T>, text: string): Promise<T> {
  if (text === '') throw usage(`The ${resource.one} must be named: "" names none.`);
  if (ID.test(text)) return (await resource.get(session.api, text)).data;
  return findNamed(session, resource, text);
}

async function findNamed<T extends Found>(session: Session, resource: Resource<T>, text: string): Promise<T> {
  const { api, holder } = session;
  const alias = resource.alias?.(text);
  const named = await resource.list(api, { name: text });
  const called = alias === undefined ? [] : (await resource.list(api, alias.query)).rows.filter(alias.fits);
  const all = [...named.rows, ...called.filter((row) => !named.rows.some(({ id }) => id === row.id))];
  const own = all.filter(({ owner }) => owner === holder.name);
  const ours = own.length > 0 ? own : all.filter(({ owner }) => owner !== undefined && owner === holder.project);
  const [first, second] = ours.length > 0 ? ours : all;
  const { one, many } = resource;
  if (first === undefined) throw notFound(`There is no ${one} ${JSON.stringify(text)}.`);
  if (second !== undefined) {
    throw new Failure(`Several ${many} are called ${JSON.stringify(text)}: use the id of one.`, undefined, [
      ...(ours.length > 0 ? ours : all).slice(0, 10).map((row) => `  ${row.id}${ownerText(row)}`),
    ]);
  }
  return first;
}

const ownerText = ({ owner }: Found): string => (owner === undefined ? '' : ` of ${owner}`);

const PAGE = 1000;

/** Everything that a list has, page by page. */
export async function* everything<T extends { id: string }>(
  { api }: Session,
  resource: Resource<T>,
  query: ListQuery,
): AsyncGenerator<T> {
  let cursor: string | undefined;
  do {
    const page = await resource.list(api, { limit: PAGE, ...query, ...(cursor === undefined ? {} : { cursor }) });
    yield* page.rows;
    cursor = page.next;
  } while (cursor !== undefined);
}
