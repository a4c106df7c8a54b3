import type { JsonSchema } from './json-schema.js';

/** One kind of message on a channel. */
export interface MessageDescription {
  /** Its key in the document; unique. */
  name: string;
  title: string;
  summary: string;
  contentType: string;
  /** References to components of the OpenAPI document are to `#/components/schemas/<name>`, and are brought along. */
  payload: JsonSchema;
  headers?: JsonSchema;
}

/** One channel as the AsyncAPI document shows it; whoever adds channels adds descriptions (`CHANNELS` in document.ts). */
export interface ChannelDescription {
  /** Its key in the document; unique. */
  name: string;
  /** NATS subject or HTTP path; parts in braces are parameters. */
  address: string;
  parameters?: Readonly<Record<string, { description: string; enum?: readonly string[] }>>;
  title: string;
  description: string;
  server: 'nats' | 'http';
  /** What Berth does on it. */
  action: 'send' | 'receive';
  messages: readonly MessageDescription[];
  /** What comes back to a request, on the address that the request names. */
  reply?: { messages: readonly MessageDescription[] };
  extensions?: Readonly<Record<`x-${string}`, unknown>>;
}
