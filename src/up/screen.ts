export interface ScreenFacts {
  readonly version: string;
  readonly url: string;
  /** Where the lab's own database is; undefined when DATABASE_URL names another. */
  readonly data?: string;
  /** File with an admin token; undefined with AUTH=none. */
  readonly tokenFile?: string;
  readonly gateway: string;
  readonly firewall: 'iptables' | 'nft' | 'plan';
  /** Where events go, without a password; undefined without NATS. */
  readonly nats?: string;
}

/** What `berth up` prints when everything is ready: one screen. */
export function screen(facts: ScreenFacts): string {
  const { url, tokenFile } = facts;
  const header = tokenFile === undefined ? '' : `-H "Authorization: Bearer $BERTH_TOKEN" `;
  const rows: [string, string][] = [
    ['API', url],
    ['Documentation', `${url}/docs`],
    ['Data', facts.data ?? 'in the database of DATABASE_URL'],
    ['Events', facts.nats ?? `${url}/events (set NATS_URL to send them to NATS)`],
    [
      'Gateway',
      facts.firewall === 'plan'
        ? `"${facts.gateway}" only plans: it says what it would change in this machine's firewall (FIREWALL=iptables lets it)`
        : `"${facts.gateway}" changes this machine's ${facts.firewall} rules`,
    ],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    '',
    `Berth ${facts.version} is ready.`,
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    '',
    tokenFile === undefined ? 'AUTH=none: everybody on this machine is admin.' : 'Log in, in another terminal:',
    ...(tokenFile === undefined
      ? []
      : [
          '',
          `  npx vlab login --url ${url} --token-file ${tokenFile}`,
          `  export BERTH_TOKEN=$(cat ${tokenFile})      # for curl`,
        ]),
    '',
    'A pool, and what there is:',
    '',
    `  curl ${header}-H 'Content-Type: application/json' -d '{"name":"lab"}' ${url}/pools`,
    `  npx vlab pool list`,
    '',
    'Stop with Ctrl-C; the data stay.',
    '',
  ].join('\n');
}
