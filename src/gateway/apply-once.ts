import type { Desired } from './firewall/desired.js';
import { FirewallError, type Firewall } from './firewall/firewall.js';
import { isEmpty, type Plan } from './firewall/plan.js';

/** The plan that was looked at is not the plan that would be carried out now. */
export class PlanChanged extends Error {
  override readonly name = 'PlanChanged';

  constructor(
    readonly expected: string,
    readonly now: Plan,
  ) {
    super(
      isEmpty(now)
        ? `the plan ${expected} is not to be applied: the kernel is as desired by now`
        : `the plan ${expected} is not to be applied: what is desired or what is live has changed since, and the plan ` +
            `is ${now.hash} now; look at it, and name it`,
    );
  }
}

/**
 * Carries out the plan that somebody looked at, and nothing else: `hash` names it (`Plan.hash`). Read back, and its flows
 * cut, before this answers. Throws `PlanChanged`, with nothing written, when it is not what would be done now; throws
 * `FirewallError` when the kernel refuses it, when it is one that the fuse refuses, or when it did not hold.
 */
export async function applyOnce(firewall: Firewall, desired: Desired, hash: string, force = false): Promise<Plan> {
  const { family } = desired;
  const before = await firewall.read(family);
  const plan = firewall.plan(desired, before, { force });
  if (plan.hash !== hash) throw new PlanChanged(hash, plan);
  if (plan.refusal !== null) throw new FirewallError('refused', plan.refusal);
  await firewall.apply(family, plan.transactions);
  const after = firewall.plan(desired, await firewall.read(family), { force });
  if (after.transactions.length > 0) {
    throw new FirewallError(
      'refused',
      'the kernel does not hold what was written: another program changed it meanwhile',
    );
  }
  if (after.settle !== undefined) {
    await firewall.flush(family, after.flows);
    await firewall.apply(family, [after.settle]);
  }
  return plan;
}
