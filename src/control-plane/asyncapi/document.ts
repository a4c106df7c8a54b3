import type { OpenAPIObject } from '@nestjs/swagger';
import type { ChannelDescription, MessageDescription } from './channel.js';
import { eventChannels } from './event-channels.js';
import { referredComponents } from './json-schema.js';

/** Everything that speaks over a channel; each makes its descriptions of the OpenAPI document. */
const CHANNELS: readonly ((document: OpenAPIObject) => readonly ChannelDescription[])[] = [eventChannels];

const SERVERS = {
  nats: {
    host: '127.0.0.1:4222',
    protocol: 'nats',
    description: 'The NATS cluster of NATS_URL. Events are kept by the JetStream stream NATS_STREAM (BERTH).',
  },
  http: {
    host: '127.0.0.1:8000',
    protocol: 'http',
    description: 'The API (PUBLIC_URL), with a bearer token.',
    security: [{ type: 'http', scheme: 'bearer' }],
  },
};

const BINDING_VERSIONS: Readonly<Record<string, string>> = { nats: '0.1.0', http: '0.3.0' };

/** The AsyncAPI 3.0 document, of the same classes that the OpenAPI document is made of. */
export function asyncapi(openapi: OpenAPIObject): object {
  const channels = CHANNELS.flatMap((describe) => describe(openapi));
  const messages = channels.flatMap((channel) => [...channel.messages, ...(channel.reply?.messages ?? [])]);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Berth',
      version: openapi.info.version,
      description: 'What Berth tells: CloudEvents 1.0 over NATS JetStream, and over HTTP as server-sent events.',
      license: openapi.info.license,
    },
    defaultContentType: 'application/json',
    servers: SERVERS,
    channels: Object.assign({}, ...channels.map(channelObjects)) as object,
    operations: Object.fromEntries(channels.map((channel) => [operationName(channel), operation(channel)])),
    components: {
      schemas: referredComponents(
        openapi,
        messages.map(({ payload }) => payload),
      ),
      messages: Object.fromEntries(messages.map((message) => [message.name, messageObject(message)])),
    },
  };
}

const operationName = ({ action, name }: ChannelDescription): string =>
  `${action}${name.charAt(0).toUpperCase()}${name.slice(1)}`;

const replyName = ({ name }: ChannelDescription): string => `${name}Reply`;

const messageObject = ({ name, title, summary, contentType, headers, payload }: MessageDescription): object => ({
  ...{ name, title, summary, contentType },
  ...(headers !== undefined && { headers }),
  payload,
});

const messageRefs = (messages: readonly MessageDescription[]): object =>
  Object.fromEntries(messages.map(({ name }) => [name, { $ref: `#/components/messages/${name}` }]));

/** The channel, and the one for replies, whose address each request says. */
function channelObjects(channel: ChannelDescription): Record<string, object> {
  const { name, address, parameters, title, description, server, extensions, reply } = channel;
  const servers = [{ $ref: `#/servers/${server}` }];
  return {
    [name]: {
      ...{ address, title, description, servers },
      ...(parameters !== undefined && { parameters }),
      messages: messageRefs(channel.messages),
      ...extensions,
    },
    ...(reply !== undefined && {
      [replyName(channel)]: {
        address: null,
        title: `Replies: ${title}`,
        servers,
        messages: messageRefs(reply.messages),
      },
    }),
  };
}

function operation(channel: ChannelDescription): object {
  const { action, name, title, server, messages, reply } = channel;
  const version = BINDING_VERSIONS[server];
  const refs = (of: string, some: readonly MessageDescription[]): object => ({
    channel: { $ref: `#/channels/${of}` },
    messages: some.map((message) => ({ $ref: `#/channels/${of}/messages/${message.name}` })),
  });
  return {
    action,
    title,
    ...refs(name, messages),
    bindings: { [server]: { ...(server === 'http' && { method: 'GET' }), bindingVersion: version } },
    ...(reply !== undefined && {
      reply: { address: { location: '$message.header#/reply' }, ...refs(replyName(channel), reply.messages) },
    }),
  };
}
