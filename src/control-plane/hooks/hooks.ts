import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { RequestError, TimeoutError } from '@nats-io/transport-node';
import type { Principal } from '../../platform/auth/principal.js';
import { appliesTo, hookRuleText, type HookRule, type OnSilence } from '../../platform/config/hook-rules.js';
import { isChange, type Operation } from '../../platform/http/operation.js';
import type { Log } from '../../platform/logging/log.js';
import type { Metrics } from '../../platform/metrics/metrics.js';
import type { NatsLink } from '../../platform/nats/link.js';
import { Problem } from '../../platform/problem/problem.js';
import { hookSubject, printable, questionText, readVerdict, type Question, type Verdict } from './question.js';

export interface HookSettings {
  rules: readonly HookRule[];
  timeoutMs: number;
  onSilence: OnSilence;
}

/** No verdict came, why, and what came instead. */
interface Silence {
  silent: string;
  came?: string;
}

/**
 * Asks a site's hooks, over NATS, whether an operation may be carried out. It waits while nothing is locked and no connection
 * to the database is taken, for a limited time. NATS away, nobody there, too late and what is no answer are all silence.
 */
export class Hooks implements OnApplicationBootstrap, OnApplicationShutdown {
  /** Operations whose hook is silent, and why: told in the log when it begins and when it ends, not for every request. */
  private readonly silences = new Map<Operation, string>();

  constructor(
    private readonly settings: HookSettings,
    private readonly link: NatsLink,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): Promise<void> {
    return this.link.open();
  }

  onApplicationShutdown(): Promise<void> {
    return this.link.close();
  }

  /** What silence about this operation means; undefined when nobody is to be asked about it. */
  policy(operation: Operation): OnSilence | undefined {
    if (!isChange(operation)) return undefined;
    const rule = this.settings.rules.findLast((one) => appliesTo(one, operation));
    return rule && (rule.onSilence ?? this.settings.onSilence);
  }

  /** Throws where an entry of HOOKS is about nothing that there is. */
  check(operations: readonly Operation[]): void {
    const changes = operations.filter(isChange);
    for (const rule of this.settings.rules) {
      if (changes.some((operation) => appliesTo(rule, operation))) continue;
      throw new Error(`HOOKS: ${hookRuleText(rule)} is about nothing; there are ${changes.sort().join(', ')}.`);
    }
  }

  /** Resolves when it may be carried out; `hook-refused` with the hook's reason, or `unavailable`, otherwise. */
  async ask(operation: Operation, actor: Principal, input: object, field?: string): Promise<void> {
    const policy = this.policy(operation);
    if (policy === undefined) return;
    const start = performance.now();
    const verdict = await this.verdict({ operation, actor, input });
    this.metrics.hookDurations.observe({ operation }, (performance.now() - start) / 1_000);
    this.metrics.hooks.add({ operation, outcome: outcomeOf(verdict) });
    this.note(operation, policy, 'silent' in verdict ? verdict : undefined);
    if ('silent' in verdict) {
      if (policy === 'allow') return;
      throw new Problem('unavailable', `The hook for ${operation} did not answer; nothing was changed. Try again.`, {
        headers: { 'retry-after': '1' },
        cause: new Error(`${hookSubject(operation)}: ${verdict.silent}`),
      });
    }
    if (verdict.allow) return;
    const { reason } = verdict;
    throw new Problem('hook-refused', reason, field === undefined ? {} : { errors: [{ field, message: reason }] });
  }

  private async verdict(question: Question): Promise<Verdict | Silence> {
    const { live } = this.link;
    if (live === undefined) return { silent: 'NATS is away' };
    const { timeoutMs } = this.settings;
    try {
      const text = questionText(question, new Date());
      const answer = (await live.request(hookSubject(question.operation), text, { timeout: timeoutMs })).string();
      return readVerdict(answer) ?? { silent: 'an answer that is none', came: printable(answer, 100) };
    } catch (error) {
      if (error instanceof TimeoutError) return { silent: `no answer in ${timeoutMs} ms` };
      if (error instanceof RequestError && error.isNoResponders()) return { silent: 'nobody listens' };
      return { silent: error instanceof Error ? error.message : String(error) };
    }
  }

  private note(operation: Operation, onSilence: OnSilence, silence: Silence | undefined): void {
    if (this.silences.get(operation) === silence?.silent) return;
    if (silence === undefined) {
      this.silences.delete(operation);
      this.log('info', 'the hook answers again', { operation });
    } else {
      this.silences.set(operation, silence.silent);
      const { silent: cause, came } = silence;
      this.log('warn', 'the hook is silent', { operation, onSilence, cause, ...(came === undefined ? {} : { came }) });
    }
  }
}

const outcomeOf = (verdict: Verdict | Silence): string =>
  'silent' in verdict ? 'silent' : verdict.allow ? 'allowed' : 'vetoed';
