import 'reflect-metadata';
import { readByNest, type RequestReader } from './from-request.js';
import type { InputClass } from './input.js';

/** Nest's note of a handler's parameters, by kind and place: `3:1` is a body, second. Those of our own have the function. */
const PARAMETERS = '__routeArguments__';
const REQUEST = 0;
const BODY = 3;
const QUERY = 4;
const PARAM = 5;

interface Note {
  index: number;
  data?: unknown;
  factory?: unknown;
  pipes: readonly unknown[];
}

/** What a handler's parameters say; to be asked for once they have been noted, as they have when method decorators run. */
export interface HandlerParameters {
  /** Classes of body and query. */
  body?: InputClass;
  query?: InputClass;
  /** What to call the handler with, in order. Absent when there is a parameter that only Nest knows how to make. */
  readers?: readonly RequestReader[];
}

export function handlerParameters(target: object, key: string | symbol): HandlerParameters {
  const notes = Object.entries(
    (Reflect.getMetadata(PARAMETERS, target.constructor, key) ?? {}) as Record<string, Note>,
  );
  const classes = (Reflect.getMetadata('design:paramtypes', target, key) ?? []) as InputClass[];
  const classOf = (kind: number): InputClass | undefined => {
    const [, note] = notes.find(([name]) => name.startsWith(`${kind}:`)) ?? [];
    return note === undefined ? undefined : classes[note.index];
  };
  const [body, query, readers] = [classOf(BODY), classOf(QUERY), readersOf(notes, classes.length)];
  return {
    ...(body === undefined ? {} : { body }),
    ...(query === undefined ? {} : { query }),
    ...(readers === undefined ? {} : { readers }),
  };
}

function readersOf(notes: readonly [string, Note][], count: number): RequestReader[] | undefined {
  const readers: RequestReader[] = [];
  for (const [name, note] of notes) {
    const reader = note.pipes.length === 0 ? readerOf(Number(name.split(':')[0]), note) : undefined;
    if (reader === undefined) return undefined;
    readers[note.index] = reader;
  }
  return Object.keys(readers).length === count ? readers : undefined;
}

/** By kind; of another kind is what only Nest knows how to make. */
const KINDS = new Map<number, RequestReader>([
  [REQUEST, (request) => request],
  [BODY, (request) => request.body],
  [QUERY, (request) => request.query],
  [PARAM, (request) => request.params],
]);

function readerOf(kind: number, { data, factory }: Note): RequestReader | undefined {
  if (factory === readByNest) return data as RequestReader;
  const read = factory === undefined ? KINDS.get(kind) : undefined;
  if (read === undefined || data === undefined) return read;
  const name = data as string;
  return (request) => (read(request) as Record<string, unknown> | undefined)?.[name];
}
