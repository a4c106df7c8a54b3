import { parseLiteral } from '../../ip/address.js';
import { nestingOf } from '../../platform/json/json-text.js';
import { isUnprintable } from '../resource/validators.js';
import { VlabRefusal } from './vlab-refusal.js';

/** Query arguments, the first value of each. */
export type Params = ReadonlyMap<string, string>;

/** What GET portmap is to show: all that is given must fit, exactly. */
export interface MapFilter {
  name?: string;
  component?: string;
  address?: string;
  connectionPort?: number;
  targetPort?: number;
}

/** What POST portmap asks for. */
export interface MapWish {
  address: string;
  targetPort: number;
  name: string;
  component: string;
}

const MAX_TEXT = 255;
const MAX_NESTING = 100;

export function paramsOf(query: URLSearchParams): Params {
  const params = new Map<string, string>();
  for (const [name, value] of query) if (!params.has(name)) params.set(name, value);
  return params;
}

/** Filters of GET portmap; 0, empty and absent are none. Undefined when no map can fit. */
export function mapFilter(params: Params): MapFilter | undefined {
  const connectionPort = numberOf(params, 'conn_port');
  const targetPort = numberOf(params, 'target_port');
  const texts = [params.get('name'), params.get('component'), params.get('target_addr')];
  if (texts.some((text) => text !== undefined && isUnprintable(text))) return undefined;
  const [name = '', component = '', target = ''] = texts;
  // Compared as text: what is no address in the form of the answers is the address of no map.
  if (target !== '' && parseLiteral(target) === undefined) return undefined;
  if (Math.max(connectionPort, targetPort) > 65_535 || Math.min(connectionPort, targetPort) < 0) return undefined;
  return {
    ...(name !== '' && { name }),
    ...(component !== '' && { component }),
    ...(target !== '' && { address: target }),
    ...(connectionPort !== 0 && { connectionPort }),
    ...(targetPort !== 0 && { targetPort }),
  };
}

function numberOf(params: Params, name: string): number {
  const text = params.get(name) ?? '';
  if (!/^\s*(?:[+-]?\d+)?\s*$/.test(text)) {
    throw new VlabRefusal(400, `Param ${name} must be a number, supplied: ${text.slice(0, MAX_TEXT)}`);
  }
  return Number(text);
}

/** The one filter of GET addr; undefined when no map can fit. */
export function addressFilter(params: Params): MapFilter | undefined {
  const given = ['name', 'addr', 'component'].filter((name) => (params.get(name) ?? '') !== '');
  if (given.length > 1) {
    const [name, component] = ['name', 'component'].map((param) => params.get(param) ?? 'None');
    const supplied = `name=${name ?? ''}, addr=${params.get('addr') ?? ''}, component=${component ?? ''}`;
    throw new VlabRefusal(400, `Params are mutually exclusive. Supplied: ${supplied}`);
  }
  const address = params.get('addr') ?? '';
  if (address !== '' && parseLiteral(address)?.family !== 4) {
    throw new VlabRefusal(400, `Param addr must be an IPv4 address such as 192.168.1.20, supplied: ${address}`);
  }
  return mapFilter(new Map([...params].flatMap(([name, value]) => renamed(name, value))));
}

const renamed = (name: string, value: string): [string, string][] =>
  name === 'addr' ? [['target_addr', value]] : ['name', 'component'].includes(name) ? [[name, value]] : [];

/** The body of POST portmap. */
export function mapWish(body: Buffer): MapWish {
  const fields = fieldsOf(body, {
    target_addr: 'string',
    target_port: 'integer',
    target_name: 'string',
    target_component: 'string',
  });
  const [address, name, component] = ['target_addr', 'target_name', 'target_component'].map(
    (field) => fields[field] as string,
  );
  const targetPort = fields['target_port'] as number;
  if (parseLiteral(address ?? '')?.family !== 4) {
    throw new VlabRefusal(400, `target_addr must be an IPv4 address such as 192.168.1.20, supplied: ${address ?? ''}`);
  }
  if (targetPort < 1 || targetPort > 65_535) {
    throw new VlabRefusal(400, `target_port must be from 1 to 65535, supplied: ${targetPort}`);
  }
  return {
    address: address ?? '',
    targetPort,
    name: lineOf('target_name', name ?? ''),
    component: lineOf('target_component', component ?? ''),
  };
}

/** The body of DELETE portmap: a connection port. */
export const connectionPortOf = (body: Buffer): number =>
  fieldsOf(body, { conn_port: 'integer' })['conn_port'] as number;

function lineOf(field: string, text: string): string {
  if (text.trim() === '' || text.length > MAX_TEXT || isUnprintable(text)) {
    throw new VlabRefusal(
      400,
      `${field} must be 1 to ${MAX_TEXT} characters on one line, none of them a control character`,
    );
  }
  return text;
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/** A JSON object that has these fields; others may be there. Its Content-Type is not looked at. */
function fieldsOf(body: Buffer, schema: Readonly<Record<string, 'string' | 'integer'>>): Record<string, unknown> {
  let value: unknown;
  try {
    const text = UTF_8.decode(body);
    value = text.trim() === '' || nestingOf(text) > MAX_NESTING ? null : JSON.parse(text);
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message.slice(0, 200) : 'it is not UTF-8 text';
    throw new VlabRefusal(400, `The body of the HTTP request is not JSON: ${reason}`);
  }
  if (value === null) throw new VlabRefusal(400, 'No JSON content body sent in HTTP request');
  const refuse = (reason: string): never => {
    throw new VlabRefusal(400, `Input does not match schema. ${reason}`);
  };
  if (typeof value !== 'object' || Array.isArray(value)) return refuse('It must be an object.');
  const fields = value as Record<string, unknown>;
  for (const [name, type] of Object.entries(schema)) {
    if (!Object.hasOwn(fields, name)) refuse(`${name} is required.`);
    const fits = type === 'string' ? typeof fields[name] === 'string' : Number.isInteger(fields[name]);
    if (!fits) refuse(`${name} must be ${type === 'string' ? 'a string' : 'an integer'}.`);
  }
  return fields;
}
