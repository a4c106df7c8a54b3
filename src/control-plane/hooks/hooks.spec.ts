import { describe, expect, it } from '@jest/globals';
import { hookRules } from '../../platform/config/hook-rules.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { NatsLink } from '../../platform/nats/link.js';
import { Hooks } from './hooks.js';

const hooks = (rules: string): Hooks => {
  const link = new NatsLink('nats://127.0.0.1:1', 'test', () => undefined);
  return new Hooks(
    { rules: hookRules(rules), timeoutMs: 10, onSilence: 'refuse' },
    link,
    new Metrics(),
    () => undefined,
  );
};

describe('HOOKS', () => {
  it.each([
    ['pool.create', 'pool.create', 'refuse'],
    ['pool.create', 'pool.update', undefined],
    ['pool.*:allow', 'pool.delete', 'allow'],
    ['*.create', 'port-map.create', 'refuse'],
    ['*.*', 'pool.list', undefined],
    ['*.*', 'pool.get', undefined],
    ['*.*:allow, pool.create', 'pool.create', 'refuse'],
    ['pool.create,*.*:allow', 'pool.create', 'allow'],
  ])('%s: silence about %s means %s', (rules, operation, policy) => {
    expect(hooks(rules).policy(operation as 'pool.create')).toBe(policy);
  });

  it('names what there is', () => {
    const operations = ['pool.create', 'pool.get'] as const;
    expect(() => hooks('pool.*,*.create').check(operations)).not.toThrow();
    expect(() => hooks('pool.get').check(operations)).toThrow(
      'HOOKS: pool.get is about nothing; there are pool.create.',
    );
  });

  it.each(['', 'pool', 'pool.create:maybe', 'pool.create,', 'Pool.create', 'a.b.c', 'pool.>'])(
    'cannot be %j',
    (rules) => expect(() => hookRules(rules)).toThrow(),
  );

  it('asks nobody while NATS is away', async () => {
    const actor = { name: 'kim', role: 'member' } as const;
    await expect(hooks('pool.create').ask('pool.create', actor, {})).rejects.toMatchObject({ code: 'unavailable' });
    await hooks('pool.create:allow').ask('pool.create', actor, {});
  });
});
