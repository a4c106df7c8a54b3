import { ownerOf } from './reservation-steps.js';
import type { Step, Walk } from './walk.js';

const subjectOf = (a: number): string => (a % 4 === 3 ? '*' : ownerOf(a));

export async function setQuota(walk: Walk, { a, b, c, d }: Step): Promise<void> {
  const { model } = walk;
  const owner = subjectOf(a);
  const before = model.quotas.get(owner);
  const values = { addresses: b % 3 === 0 ? null : b % 24, perRequest: c % 3 === 0 ? 1 + (c % 6) : null };
  const { headers, code } = walk.condition(d, before);
  const refused = before === undefined && 'if-match' in headers ? 'precondition-failed' : before && code;
  const answer = await walk.ask('PUT', `/quotas/${encodeURIComponent(owner)}`, values, headers);
  walk.expect(answer, refused ?? 200);
  if (refused !== undefined) return;
  const quota = { ...values, version: (before?.version ?? 0) + 1 };
  model.quotas.set(owner, quota);
  model.tell('quota', owner, before === undefined ? 'created' : 'updated');
  walk.version(answer, quota);
}

export async function deleteQuota(walk: Walk, { a, d }: Step): Promise<void> {
  const { model } = walk;
  const owner = subjectOf(a);
  const { headers, code } = walk.condition(d, model.quotas.get(owner));
  const answer = await walk.ask('DELETE', `/quotas/${encodeURIComponent(owner)}`, undefined, headers);
  walk.expect(answer, code ?? 204);
  if (code !== undefined) return;
  model.quotas.delete(owner);
  model.tell('quota', owner, 'deleted');
}
