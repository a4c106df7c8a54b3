import type { Backend } from './firewall/backends.js';
import type { Plan } from './firewall/plan.js';
import { isEmpty } from './firewall/plan.js';
import { contentKey } from './firewall/content.js';

/** Section of a plan for people: empty when there is nothing in it. */
const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', `${title} (${lines.length}):`, ...lines.map((line) => `  ${line}`)];

/** A plan as text for people, with the exact input that `iptables-restore --noflush` or `nft -f -` would get. */
export function planText(plan: Plan, backend: Backend): string {
  const restore = plan.family === 4 ? 'iptables-restore --noflush' : 'ip6tables-restore --noflush';
  const command = backend === 'nft' ? 'nft -f -' : restore;
  const heading = `Generation ${plan.generation}, IPv${plan.family}: `;
  if (isEmpty(plan)) return `${heading}the kernel is as desired, there is nothing to do.`;
  return [
    `${heading}the kernel differs from what is desired (plan ${plan.hash}).`,
    ...(plan.refusal === null ? [] : ['', `REFUSED: ${plan.refusal}`]),
    ...section('Warnings', plan.warnings),
    ...section('Rules to add', plan.adds),
    ...section('Rules to remove', plan.removes),
    ...section(
      'Chains of Berth that somebody else changed, to be written anew',
      plan.rewrites.map(({ chain, because }) => `${chain}: ${because.join('; ')}`),
    ),
    ...section('Connections to cut after that', plan.flows.map(contentKey)),
    ...plan.transactions.flatMap(({ table, text }) => ['', `${command}, table ${table}:`, text.trimEnd()]),
  ].join('\n');
}

/** The same for programs. */
export function planJson(plan: Plan): string {
  const { inPlace, settle, touched, outcome, ...shown } = plan;
  return JSON.stringify(
    { ...shown, inPlace: inPlace.size, settle: settle?.text ?? null, isEmpty: isEmpty(plan) },
    undefined,
    2,
  );
}
