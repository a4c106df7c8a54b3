import type { DesiredMap, ObservedMap, StatusReport } from '../contract/desired-state.js';
import { mapsOf, type Desired } from './firewall/desired.js';
import { FirewallError, type Firewall } from './firewall/firewall.js';
import { isEmpty } from './firewall/plan.js';
import { pendingInPlanMode, sayPlan, type Saying } from './reports.js';

/** One look in plan mode: says what would be done, changes nothing, and answers with what can be reported. */
export async function lookOnly(
  firewall: Firewall,
  desired: Desired,
  force: boolean,
  saying: Saying,
): Promise<StatusReport> {
  const { generation } = desired;
  let live: unknown;
  try {
    live = await firewall.read(desired.family);
  } catch (error) {
    if (!(error instanceof FirewallError) || (error.reason !== 'not-permitted' && error.reason !== 'missing'))
      throw error;
    saying.once('warn', `the kernel's rules cannot be read, so none are taken to be there: ${error.message}`);
    const gone = desired.removing.map((map) => map.id);
    return { generation, mode: 'plan', maps: [...mapsOf(desired)].map(pendingInPlanMode), gone };
  }
  const next = firewall.plan(desired, live, { force });
  saying.warnings(next.warnings);
  if (isEmpty(next)) saying.once('info', 'plan: the kernel is as desired, there is nothing to do');
  else sayPlan(saying, next, 'plan: would apply');
  const present = new Set(firewall.view(live).maps.map((map) => map.ruleId));
  const standing = (map: DesiredMap): ObservedMap =>
    next.inPlace.has(map.ruleId)
      ? { id: map.id, ruleId: map.ruleId, status: 'active', reason: null }
      : pendingInPlanMode(map);
  const gone = desired.removing.filter((map) => !present.has(map.ruleId)).map((map) => map.id);
  return { generation, mode: 'plan', maps: [...mapsOf(desired)].map(standing), gone };
}
