/** What the tags of the OpenAPI document stand for, in the order in which a reader wants them. */
export const TAGS: Readonly<Record<string, string>> = {
  components: 'What users create: addresses and port maps under one name, claimed and released together.',
  pools: 'Containers of subnets, with the policy by which addresses are handed out.',
  subnets: 'Ranges of addresses in a pool.',
  reservations: 'Requests for addresses, which obtain leases all at once or not at all.',
  leases: 'Single addresses, each held by one reservation.',
  capacity: 'How full pools and subnets are, and when they will be.',
  gateways: 'Machines that forward connection ports, and what their agents read and report.',
  'port-maps': 'Connection ports of a gateway that lead to machines.',
  quotas: 'How much an owner may hold, and holds.',
  history: 'Who held an address or a port at any time.',
  events: 'What happened, as pages or as a live stream.',
  dns: 'Zones in which the names of leases are kept.',
  transfer: 'Everything out and in again, as files.',
  me: 'Who the caller is.',
  health: 'Whether the process lives and serves.',
  metrics: 'Figures for Prometheus.',
};
