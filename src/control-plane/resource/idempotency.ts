import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { etagOf } from '../../platform/http/entity-tags.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { JsonText, writeJson } from '../../platform/json/json-text.js';
import { Problem } from '../../platform/problem/problem.js';
import { Failure } from '../allocation/group-commit.js';
import { UnitsOfWork, type Unit } from '../events/unit-of-work.js';
import type { Caller } from './caller.js';
import { CLAIM_KEYS, DROP_KEYS, IS_ANSWERED, READ_KEYS, STORE_ANSWERS } from './idempotency.queries.js';

interface StoredKey {
  principal: string;
  key: string;
  fingerprint: string;
  location: string | null;
  etag: string | null;
  body: string | null;
}

const nameOf = (principal: string, key: string): string => `${principal}\n${key}`;

/**
 * Idempotency-Key (Internet-Draft httpapi-idempotency-key-header): the answer to a POST is kept in the transaction that
 * the POST made. The same key again gives the same answer, with another body 422; while the first is in progress the
 * second waits for it, on the key's row. A refused request leaves nothing: its key may be used again.
 */
@Injectable()
export class Idempotency {
  constructor(
    private readonly units: UnitsOfWork,
    private readonly database: Database,
  ) {}

  /** Whether a request with this key has had its answer: the same request has it again, and does nothing. */
  async answered(principal: string, key: string): Promise<boolean> {
    return (await this.database.query(IS_ANSWERED, [principal, key])).length > 0;
  }

  /** Runs one POST in a transaction, or answers from memory. */
  run(caller: Caller, work: (unit: Unit) => Promise<Reply>): Promise<Reply> {
    return this.units.run(async (unit) => {
      const [known] = await this.begin(unit, [caller]);
      if (known instanceof Failure) throw known.error;
      if (known !== undefined) return known;
      const answer = freeze(await work(unit));
      this.finish(unit, [caller], [answer]);
      return answer;
    }, caller);
  }

  /** For each caller: the answer it had before, its own failure, or undefined = go ahead. */
  async begin(unit: Unit, callers: readonly Caller[]): Promise<(Reply | Failure | undefined)[]> {
    const keyed = callers.filter((caller) => caller.idempotency !== undefined);
    if (keyed.length === 0) return callers.map(() => undefined);
    const principals = keyed.map((caller) => caller.principal.name);
    const keys = keyed.map((caller) => caller.idempotency?.key);
    const fingerprints = keyed.map((caller) => caller.idempotency?.fingerprint);
    const fresh = await unit.query<{ principal: string; key: string }>(CLAIM_KEYS, [principals, keys, fingerprints]);
    const mine = new Set(fresh.map((row) => nameOf(row.principal, row.key)));
    const old = mine.size === keyed.length ? [] : await unit.query<StoredKey>(READ_KEYS, [principals, keys]);
    const stored = new Map(old.map((row) => [nameOf(row.principal, row.key), row]));
    return callers.map(({ principal, idempotency }) => {
      if (idempotency === undefined) return undefined;
      const name = nameOf(principal.name, idempotency.key);
      if (mine.delete(name)) return undefined;
      const row = stored.get(name);
      if (row !== undefined && row.fingerprint !== idempotency.fingerprint) {
        return new Failure(
          new Problem('idempotency-key-reused', 'This Idempotency-Key was used with another request.'),
        );
      }
      if (row?.body == null) {
        // twice in one batch: the first has no answer yet
        return new Failure(
          new Problem('unavailable', 'The first request with this Idempotency-Key is in progress. Try again.'),
        );
      }
      return reply({
        body: new JsonText(row.body),
        ...(row.location === null ? {} : { location: row.location }),
        ...(row.etag === null ? {} : { version: Number(row.etag.slice(1, -1)) }),
      });
    });
  }

  /** Keeps the answers; a caller without one (refused) gets its key back. */
  finish(unit: Unit, callers: readonly Caller[], answers: readonly (Reply | undefined)[]): void {
    const keep: { principal: string; key: string; answer: Reply }[] = [];
    const drop: { principal: string; key: string }[] = [];
    for (const [index, { principal, idempotency }] of callers.entries()) {
      if (idempotency === undefined) continue;
      const answer = answers[index];
      const row = { principal: principal.name, key: idempotency.key };
      if (answer === undefined) drop.push(row);
      else keep.push({ ...row, answer });
    }
    if (keep.length > 0) {
      unit.write(STORE_ANSWERS, [
        keep.map((row) => row.principal),
        keep.map((row) => row.key),
        keep.map(({ answer }) => answer.location ?? null),
        keep.map(({ answer }) => (answer.version === undefined ? null : etagOf(answer.version))),
        keep.map(({ answer }) => writeJson(answer.body)),
      ]);
    }
    if (drop.length > 0) {
      unit.write(DROP_KEYS, [drop.map((row) => row.principal), drop.map((row) => row.key)]);
    }
  }
}

/** The body as text, so that what is kept and what is sent are the same. */
export function freeze(answer: Reply): Reply {
  const { body } = answer;
  return body === undefined || body instanceof JsonText
    ? answer
    : reply({ ...answer, body: new JsonText(writeJson(body)) });
}
