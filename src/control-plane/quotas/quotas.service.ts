import { Injectable } from '@nestjs/common';
import type { Principal } from '../../platform/auth/principal.js';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { invalidField, notFound, Problem } from '../../platform/problem/problem.js';
import { withChanges } from '../events/changed.js';
import { UnitsOfWork, type Unit } from '../events/unit-of-work.js';
import type { Caller } from '../resource/caller.js';
import { requireMatch } from '../resource/change.js';
import { decodeCursor, encodeCursor, fingerprintOf } from '../resource/cursor.js';
import { isUnprintable, LIMITS } from '../resource/validators.js';
import {
  COUNTED,
  type Held,
  type NewQuota,
  type QuotaDocument,
  type QuotaListQuery,
  type QuotaUsage,
} from './quota.dto.js';
import {
  DELETE_QUOTA,
  EFFECTIVE_QUOTA,
  FIND_QUOTA,
  HELD,
  INSERT_QUOTA,
  LIST_QUOTAS,
  LOCK_QUOTA,
  UPDATE_QUOTA,
} from './quota.queries.js';

const EVERYBODY = '*';
const DEFAULT_LIMIT = 100;

const shown = (body: QuotaDocument): Reply =>
  reply({ location: `/quotas/${encodeURIComponent(body.owner)}`, version: body.version, body });

@Injectable()
export class QuotasService {
  constructor(
    private readonly database: Database,
    private readonly units: UnitsOfWork,
  ) {}

  /** A member sees its own quotas and the one of everybody. */
  async list({ principal }: Caller, query: QuotaListQuery): Promise<Reply> {
    const { owner, limit = DEFAULT_LIMIT } = query;
    const scope = ['quotas', owner ?? null];
    const after = query.cursor === undefined ? '' : decodeCursor(query.cursor, fingerprintOf(scope)).id;
    const visible = visibleTo(principal);
    const asked = owner === undefined ? visible : [owner].filter((name) => visible?.includes(name) ?? true);
    const rows = await this.database.query<QuotaDocument>(LIST_QUOTAS, [after, limit + 1, asked ?? null]);
    const quotas = rows.slice(0, limit);
    const last = quotas.at(-1)?.owner;
    const next =
      rows.length > limit && last !== undefined ? { next: encodeCursor({ id: last }, fingerprintOf(scope)) } : {};
    return reply({ body: { quotas, ...next }, ...next });
  }

  async show(caller: Caller, text: string): Promise<Reply> {
    const owner = visibleOwner(caller, text);
    const [quota] = await this.database.query<QuotaDocument>(FIND_QUOTA, [owner]);
    if (quota === undefined) throw notFound('quota for', owner);
    return reply({ version: quota.version, body: quota });
  }

  /** What an owner may hold and holds. Counting costs a row a lease. */
  async usage(caller: Caller, text: string): Promise<Reply> {
    return reply({ body: await this.usageOf(visibleOwner(caller, text)) });
  }

  async usageOf(owner: string): Promise<QuotaUsage> {
    const [[quota], [held]] = await Promise.all([
      this.database.query<QuotaDocument>(EFFECTIVE_QUOTA, [owner]),
      this.database.query<Held>(HELD, [owner, COUNTED]),
    ]);
    return { owner, quota: quota ?? null, held: held ?? { addresses: 0, portMaps: 0 } };
  }

  /** Sets all limits. Less than what is held is allowed: nothing is taken away, nothing new is given. */
  set(caller: Caller, text: string, { addresses, portMaps, perRequest }: NewQuota): Promise<Reply> {
    const owner = checkedOwner(text);
    const values = [owner, addresses ?? null, portMaps ?? null, perRequest ?? null];
    return this.units.run(async (unit) => {
      let before = await lock(unit, owner);
      if (before === undefined) {
        if (caller.ifMatch !== undefined) {
          throw new Problem('precondition-failed', 'If-Match names a version, but this owner has no quota.');
        }
        const [made] = await unit.query<QuotaDocument>(INSERT_QUOTA, values);
        if (made !== undefined) return told(unit, 'created', made);
        before = await lock(unit, owner);
        if (before === undefined) throw new Problem('unavailable', 'The quota has just been deleted. Try again.');
      }
      requireMatch(caller, before.version);
      const [quota] = await unit.query<QuotaDocument>(UPDATE_QUOTA, values);
      if (quota === undefined) throw new Error('a locked quota vanished');
      return told(unit, 'updated', quota, withChanges(before, quota));
    }, caller);
  }

  /** The quota of everybody holds for the owner from now on, if there is one. */
  delete(caller: Caller, text: string): Promise<Reply> {
    const owner = checkedOwner(text);
    return this.units.run(async (unit) => {
      const quota = await lock(unit, owner);
      if (quota === undefined) throw notFound('quota for', owner);
      requireMatch(caller, quota.version);
      unit.write(DELETE_QUOTA, [owner]);
      told(unit, 'deleted', quota);
      return reply({ location: '/quotas' });
    }, caller);
  }
}

async function lock(unit: Unit, owner: string): Promise<QuotaDocument | undefined> {
  const [quota] = await unit.query<QuotaDocument>(LOCK_QUOTA, [owner]);
  return quota;
}

function told(unit: Unit, verb: 'created' | 'updated' | 'deleted', quota: QuotaDocument, data: object = quota): Reply {
  unit.emit({ noun: 'quota', verb, id: quota.owner, owner: quota.owner, data });
  return shown(quota);
}

function checkedOwner(text: string): string {
  if (text === '' || text.length > LIMITS.name || isUnprintable(text)) {
    throw invalidField('owner', `must be 1 to ${LIMITS.name} characters without control characters`);
  }
  return text;
}

/** Undefined: all. */
function visibleTo({ role, name, project }: Principal): string[] | undefined {
  return role === 'member' ? [name, ...(project === undefined ? [] : [project]), EVERYBODY] : undefined;
}

function visibleOwner({ principal }: Caller, text: string): string {
  const owner = checkedOwner(text);
  if (visibleTo(principal)?.includes(owner) === false) {
    throw new Problem('forbidden', 'A member sees its own quotas, and that of "*", only.');
  }
  return owner;
}
