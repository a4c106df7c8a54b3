import type { ListOptions } from '../options/listing.js';
import { record, table } from '../output/table.js';
import type { Session } from '../session.js';
import { findId } from './find.js';
import { COMPONENTS, GATEWAYS } from './forwarding.js';
import type { ListQuery, Page, Resource } from './resource.js';

const PAGE = 1000;

/** Prints a list: one page of it, or with `all` everything. */
export async function showList<T extends { id: string }>(
  session: Session,
  resource: Resource<T>,
  { all, ...options }: ListOptions,
  list: Resource<T>['list'] = (api, query) => resource.list(api, query),
): Promise<void> {
  const { api, out } = session;
  const query: ListQuery = { ...options };
  if (options.gateway !== undefined) query.gateway = await findId(session, GATEWAYS, options.gateway);
  if (options.component !== undefined) query.component = await findId(session, COMPONENTS, options.component);
  if (all !== true) {
    const page = await list(api, query);
    if (out.json) {
      out.raw(page.text);
      return;
    }
    printTable(session, resource, page.rows);
    if (page.next !== undefined) {
      out.note(`There are more ${resource.many} than these: --all shows all, --name or --tag finds some.`);
    }
    return;
  }
  const pages = allPages((cursor) => list(api, { limit: PAGE, ...query, ...(cursor === undefined ? {} : { cursor }) }));
  if (out.json) {
    await printJson(session, resource.key, pages);
    return;
  }
  const rows: T[] = [];
  for await (const page of pages) rows.push(...page.rows);
  printTable(session, resource, rows);
}

function printTable<T extends { id: string }>({ out }: Session, resource: Resource<T>, rows: readonly T[]): void {
  if (rows.length === 0) out.note(`There are no ${resource.many} to show.`);
  out.lines(table(resource.columns, rows, out.colour));
}

async function* allPages<T>(read: (cursor: string | undefined) => Promise<Page<T>>): AsyncGenerator<Page<T>> {
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    yield page;
    cursor = page.next;
  } while (cursor !== undefined);
}

/** The pages as one document of the API's form, each resource in the text that it came in; memory holds one page. */
async function printJson<T>({ out }: Session, key: string, pages: AsyncGenerator<Page<T>>): Promise<void> {
  const { findNodeAtLocation, parseTree } = await import('jsonc-parser');
  let text = `{${JSON.stringify(key)}:[`;
  let separator = '';
  for await (const page of pages) {
    const root = parseTree(page.text);
    const items = (root === undefined ? undefined : findNodeAtLocation(root, [key]))?.children ?? [];
    for (const { offset, length } of items) {
      text += separator + page.text.slice(offset, offset + length);
      separator = ',';
    }
    out.part(text);
    text = '';
  }
  out.raw(']}');
}

/** Prints one resource. */
export async function showOne<T extends { id: string; name: string }>(
  session: Session,
  resource: Resource<T>,
  text: string,
): Promise<void> {
  const { text: json } = await resource.get(session.api, await findId(session, resource, text));
  if (session.out.json) session.out.raw(json);
  else await showRecord(session, json);
}

/** All members of a document, one a line. */
export async function showRecord({ out }: Session, text: string): Promise<void> {
  const { getNodeValue, parseTree } = await import('jsonc-parser');
  const fields = (parseTree(text)?.children ?? []).flatMap(({ children = [] }) => {
    const [key, value] = children;
    if (key === undefined || value === undefined) return [];
    const name = getNodeValue(key) as string;
    // Metadata is shown as it came: parsed, large integers would become others.
    const opaque = /metadata$/i.test(name) && value.type !== 'null';
    const shown = opaque ? text.slice(value.offset, value.offset + value.length) : valueText(getNodeValue(value));
    return [[label(name), shown] as const];
  });
  out.lines(record(fields));
}

/** `externalAddress` is `external address` to people. */
const label = (key: string): string => key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** Lists with commas; of leases and port maps in them the address; ranges of ports as `tcp 50000-50100`. */
function valueText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(valueText).join(', ');
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return JSON.stringify(value);
  if ('address' in value) return valueText(value.address);
  if ('first' in value && 'last' in value && Object.keys(value).length === 2)
    return `${valueText(value.first)}-${valueText(value.last)}`;
  return Object.entries(value)
    .map(([key, member]) => `${key} ${valueText(member)}`)
    .join(', ');
}
