import type { ObservedMap, StatusReport } from '../contract/desired-state.js';
import { StatusLedger } from './status-ledger.js';

const map = (id: string, status: ObservedMap['status'], rule = 'berth1:0000000000000000'): ObservedMap => ({
  id,
  ruleId: rule,
  status,
  reason: status === 'active' ? null : 'why',
});
const report = (generation: number, maps: ObservedMap[], gone: string[] = []): StatusReport => ({
  generation,
  mode: 'apply',
  maps,
  gone,
});

/** Sends everything there is, all acknowledged; answers what was sent. */
function drain(ledger: StatusLedger): StatusReport[] {
  const sent: StatusReport[] = [];
  for (let next = ledger.next(); next !== undefined; next = ledger.next()) {
    sent.push(next);
    ledger.acknowledge(next);
  }
  return sent;
}

it('has nothing to tell before anything was observed', () => {
  expect(new StatusLedger().next()).toBeUndefined();
});

it('tells the same until it is acknowledged, then only what changed', () => {
  const ledger = new StatusLedger();
  ledger.observe(report(1, [map('a', 'pending'), map('b', 'active')]));
  expect(ledger.next()).toEqual(ledger.next());
  expect(drain(ledger)).toEqual([report(1, [map('a', 'pending'), map('b', 'active')])]);
  ledger.observe(report(1, [map('a', 'active'), map('b', 'active')]));
  expect(drain(ledger)).toEqual([report(1, [map('a', 'active')])]);
  ledger.observe(report(1, [map('a', 'active'), map('b', 'active')]));
  expect(ledger.next()).toBeUndefined();
});

it('tells a new rule of the same map, and a new generation even when no map changed', () => {
  const ledger = new StatusLedger();
  ledger.observe(report(1, [map('a', 'active')]));
  drain(ledger);
  ledger.observe(report(2, [map('a', 'active')]));
  expect(drain(ledger)).toEqual([report(2, [])]);
  ledger.observe(report(2, [map('a', 'active', 'berth1:1111111111111111')]));
  expect(drain(ledger)).toEqual([report(2, [map('a', 'active', 'berth1:1111111111111111')])]);
});

it('only the latest standing counts for what was not acknowledged', () => {
  const ledger = new StatusLedger();
  ledger.observe(report(1, [map('a', 'failed')]));
  const lost = ledger.next();
  ledger.observe(report(2, [map('a', 'active')]));
  expect(lost).toEqual(report(1, [map('a', 'failed')]));
  expect(drain(ledger)).toEqual([report(2, [map('a', 'active')])]);
});

it('an acknowledgement of what has changed meanwhile does not hide the change', () => {
  const ledger = new StatusLedger();
  ledger.observe(report(1, [map('a', 'failed')]));
  const sent = ledger.next()!;
  ledger.observe(report(1, [map('a', 'active')]));
  ledger.acknowledge(sent);
  expect(drain(ledger)).toEqual([report(1, [map('a', 'active')])]);
});

it('tells drift first, and then the repair, even when the repair came before anyone was told', () => {
  const ledger = new StatusLedger();
  ledger.observe(report(1, [map('a', 'active'), map('b', 'active')]));
  drain(ledger);
  ledger.observe(report(1, [map('a', 'drifted')]));
  ledger.observe(report(1, [map('a', 'active'), map('b', 'active')]));
  expect(drain(ledger)).toEqual([report(1, [map('a', 'drifted')]), report(1, [map('a', 'active')])]);
});

it('tells once that a map is gone, and again when a further generation still lists it', () => {
  const ledger = new StatusLedger();
  ledger.observe(report(1, [], ['x']));
  expect(drain(ledger)).toEqual([report(1, [], ['x'])]);
  ledger.observe(report(1, [], ['x']));
  expect(ledger.next()).toBeUndefined();
  ledger.observe(report(2, [], ['x']));
  expect(drain(ledger)).toEqual([report(2, [], ['x'])]);
});

it('tells everything again after it was told to forget', () => {
  const ledger = new StatusLedger();
  ledger.observe(report(1, [map('a', 'active')], ['x']));
  drain(ledger);
  ledger.forget();
  expect(drain(ledger)).toEqual([report(1, [map('a', 'active')], ['x'])]);
});

it('tells 50,000 maps in bodies of bounded size', () => {
  const ledger = new StatusLedger();
  const all = Array.from({ length: 50_000 }, (_, index) => map(String(index), 'active'));
  ledger.observe(report(1, all));
  const sent = drain(ledger);
  expect(sent.flatMap(({ maps }) => maps)).toEqual(all);
  expect(Math.max(...sent.map((one) => JSON.stringify(one).length))).toBeLessThan(500_000);
});
