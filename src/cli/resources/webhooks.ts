import { answer } from '../client/answer.js';
import type { DeadLetter, Webhook } from '../client/client.js';
import type { Column } from '../output/table.js';
import { ago } from '../output/words.js';
import type { Resource, SortOf } from './resource.js';

export const WEBHOOKS: Resource<Webhook> = {
  one: 'webhook',
  many: 'webhooks',
  key: 'webhooks',
  filters: [],
  sorts: ['name', 'createdAt'] satisfies SortOf<'/webhooks'>[],
  columns: [
    { title: 'NAME', of: (webhook) => webhook.name },
    { title: 'URL', of: (webhook) => webhook.url },
    { title: 'TYPES', of: ({ types }) => types.join(' ') || 'all' },
    { title: 'STATE', of: ({ progress, enabled }) => progress?.state ?? (enabled ? 'active' : 'disabled') },
    { title: 'WAITING', of: ({ progress }) => String(progress?.waiting ?? 0) },
    { title: 'DEAD', of: ({ progress }) => String(progress?.deadLetters ?? 0) },
    { title: 'LAST DELIVERY', of: ({ progress }) => ago(progress?.lastDeliveredAt ?? null) },
    { title: 'ID', of: (webhook) => webhook.id },
  ],
  list: async (api, query) => {
    const { data, text } = answer(await api.GET('/webhooks', { params: { query } }));
    return { rows: data.webhooks, next: data.next, text };
  },
  get: async (api, id) => answer(await api.GET('/webhooks/{id}', { params: { path: { id } } })),
  remove: async (api, id) => answer(await api.DELETE('/webhooks/{id}', { params: { path: { id } } })),
};

export const DEAD_LETTER_COLUMNS: readonly Column<DeadLetter>[] = [
  { title: 'EVENT', of: (letter) => letter.id },
  { title: 'TYPE', of: (letter) => letter.type },
  { title: 'SUBJECT', of: (letter) => letter.subject },
  { title: 'ATTEMPTS', of: (letter) => String(letter.attempts) },
  { title: 'DEAD', of: (letter) => ago(letter.deadAt) },
  { title: 'ERROR', of: (letter) => letter.error ?? '' },
];
