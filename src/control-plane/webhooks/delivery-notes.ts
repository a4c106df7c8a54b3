import type { Unit, UnitsOfWork } from '../events/unit-of-work.js';
import type { Attempts, Tried } from './attempts.js';
import { DELIVERED, FENCE, PROGRESS, PUT_ASIDE, TRIED, TRY_WAITING } from './delivery.queries.js';
import { AWAY_AFTER, nextDelay, restAfter } from './schedule.js';
import { DISABLE } from './webhook.queries.js';
import type { WebhookSettings } from './webhook-settings.js';

const GONE = 410;
const DAY_MS = 86_400_000;

/** Attempts to be noted, by the holder of a lease. */
export interface Noted extends Attempts {
  webhook: string;
  epoch: string;
  failuresBefore: number;
  failingSince?: Date | null;
  /** Where the webhook is now; absent: these were not new. */
  position?: number | undefined;
}

/** Another process delivers for the webhook by now, or it is gone. */
export class Fenced extends Error {
  constructor() {
    super('the lease of the webhook has ended');
  }
}

/**
 * Notes what became of events, all at once: what was delivered is done, what was not is put aside with the time of its
 * next attempt, or dead after its last. Answers why the webhook was disabled, if it was. Throws Fenced.
 */
export function noteAttempts(units: UnitsOfWork, settings: WebhookSettings, noted: Noted): Promise<string | undefined> {
  const { webhook, epoch, tried, failures, failuresBefore, position } = noted;
  const reason = reasonToDisable(settings, noted);
  return units.run(async (unit) => {
    const disabled = reason !== undefined && (await disable(unit, webhook, reason));
    if ((await unit.query(FENCE, [webhook, epoch])).length === 0) throw new Fenced();
    if (position === undefined) noteDue(unit, settings, webhook, tried);
    else putAside(unit, settings, webhook, tried);
    const some = tried.some(({ outcome }) => outcome?.delivered === true);
    const last = tried.findLast(({ outcome }) => outcome?.delivered === false)?.outcome?.error ?? null;
    unit.write(PROGRESS, [webhook, position ?? null, some, failures, restAfter(failures), last]);
    if (failuresBefore >= AWAY_AFTER && failures === 0) unit.write(TRY_WAITING, [webhook]);
    return disabled ? reason : undefined;
  });
}

function reasonToDisable(
  { disableDays }: WebhookSettings,
  { tried, failures, failingSince }: Noted,
): string | undefined {
  if (tried.some(({ outcome }) => outcome?.status === GONE)) return 'the receiver answered 410: it is gone';
  if (disableDays === 0 || failures === 0 || failingSince == null) return undefined;
  if (tried.some(({ outcome }) => outcome?.delivered === true)) return undefined;
  return Date.now() - failingSince.getTime() < disableDays * DAY_MS
    ? undefined
    : `every attempt has failed for ${disableDays} ${disableDays === 1 ? 'day' : 'days'}`;
}

async function disable(unit: Unit, webhook: string, reason: string): Promise<boolean> {
  const rows = await unit.query(DISABLE, [webhook, reason]);
  if (rows.length > 0) unit.emit({ noun: 'webhook', verb: 'disabled', id: webhook, data: { id: webhook, reason } });
  return rows.length > 0;
}

const delayOf = ({ retrySchedule }: WebhookSettings, { event, outcome }: Tried): number | null =>
  outcome === undefined ? 0 : nextDelay(retrySchedule, event.attempts + 1, outcome.retryAfter, Math.random());

function noteDue(unit: Unit, settings: WebhookSettings, webhook: string, tried: readonly Tried[]): void {
  for (const one of tried) {
    const { event, outcome } = one;
    if (outcome?.delivered === true) unit.write(DELIVERED, [webhook, event.position]);
    else if (outcome !== undefined) unit.write(TRIED, [webhook, event.position, delayOf(settings, one), outcome.error]);
  }
}

function putAside(unit: Unit, settings: WebhookSettings, webhook: string, tried: readonly Tried[]): void {
  const left = tried.filter(({ outcome }) => outcome?.delivered !== true);
  if (left.length === 0) return;
  const of = <T>(value: (one: Tried) => T): T[] => left.map(value);
  unit.write(PUT_ASIDE, [
    webhook,
    of(({ event }) => event.position),
    of(({ event }) => event.id),
    of(({ event }) => event.type),
    of(({ event }) => event.subject),
    of(({ event }) => event.body),
    of(({ outcome }) => (outcome === undefined ? 0 : 1)),
    of((one) => delayOf(settings, one)),
    of(({ outcome }) => outcome?.error ?? null),
  ]);
}
