import type { OpenAPIObject } from '@nestjs/swagger';
import { collectionOf, eventType } from '../events/event-types.js';
import type { ChannelDescription, MessageDescription } from './channel.js';
import { eventData, type EventData } from './event-data.js';

const HEADERS = {
  type: 'object',
  properties: {
    'Nats-Msg-Id': {
      type: 'string',
      description: 'On NATS: the id of the event. JetStream drops what is sent again with it.',
    },
  },
};

/** `port-map` and `created`: `portMapCreated`. */
const nameOf = ({ noun, verb }: EventData): string =>
  `${noun}-${verb}`.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

const messageOf = (data: EventData): MessageDescription => ({
  name: nameOf(data),
  title: data.type,
  summary: `A CloudEvent about ${collectionOf(data.noun)}: ${data.verb}.`,
  contentType: 'application/cloudevents+json',
  headers: HEADERS,
  payload: {
    allOf: [
      { $ref: '#/components/schemas/EventDocument' },
      { type: 'object', properties: { type: { const: data.type }, data: data.schema } },
    ],
  },
});

/** A channel for each type of event on NATS, and the one stream of all over HTTP. */
export function eventChannels(document: OpenAPIObject): ChannelDescription[] {
  const types = eventData(document);
  const messages = types.map(messageOf);
  const onNats = types.map((data, index): ChannelDescription => ({
    name: nameOf(data),
    address: eventType(data),
    title: data.type,
    description:
      'Published in the order of the one stream of all events, at least once; JetStream drops repetitions. Consume it by ' +
      `a consumer of the stream with the filter subject ${eventType(data)}.`,
    server: 'nats',
    action: 'send',
    messages: messages.slice(index, index + 1),
    extensions: { 'x-jetstream': { stream: 'BERTH', subjects: ['ipam.>'], messageId: 'Nats-Msg-Id' } },
  }));
  const overHttp: ChannelDescription = {
    name: 'events',
    address: '/events',
    title: 'All events, as server-sent events',
    description:
      'GET with `Accept: text/event-stream`; the same events with the same ids in the same order as on NATS. `id` is the ' +
      'place in the stream: send it as Last-Event-ID to go on after it. Parameters filter; see the OpenAPI document.',
    server: 'http',
    action: 'send',
    messages,
  };
  return [...onNats, overHttp];
}
