import { always, BadValue, bytes, integer, matching, maybe, oneOf, text, url } from './setting.js';

/** `changeME` in the template of the original, and the key of Fernet's own documentation, are no secrets. */
function fernetKey(value: string): string {
  const key = value.trim();
  const published = 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=';
  if (!/^[A-Za-z0-9_-]{43}=$/.test(key) || key === published || /^(.)\1*=$/.test(key)) throw new BadValue();
  return key;
}

function flowTarget(value: string): string {
  if (value === 'nats' || value === 'none') return value;
  if (!/^(tcp|tls):\/\/[^/]+:\d+$/.test(value) || !URL.canParse(value)) throw new BadValue();
  return value;
}

/** About `berth gateway`. */
export const GATEWAY = {
  controlPlaneUrl: always({
    name: 'BERTH_CONTROL_PLANE_URL',
    description: 'Where `berth gateway` finds the API.',
    expects: 'an http or https URL',
    default: 'http://127.0.0.1:8000',
    parse: url('http', 'https'),
  }),
  name: always({
    name: 'BERTH_GATEWAY',
    description: 'Name, or id, of the gateway that this machine is.',
    expects: 'a name of 1 to 200 characters',
    default: 'local',
    parse: matching(/^[^\p{Cc}]{1,200}$/u),
  }),
  token: maybe({
    name: 'BERTH_GATEWAY_TOKEN',
    description: 'Token with the role gateway.',
    expects: 'a JWT: three parts with dots between them',
    parse: matching(/^[\w-]+\.[\w-]+\.[\w-]*$/),
    secret: true,
    fileToo: true,
  }),
  firewall: always({
    name: 'FIREWALL',
    description:
      "`iptables` or `nft`: change this machine's rules with that tool; nft costs the same at any number of maps. `plan`: only say what iptables would change (what nft would: `FIREWALL=nft berth gateway --mode plan`).",
    expects: '"iptables", "nft" or "plan"',
    default: 'plan',
    parse: oneOf('iptables', 'nft', 'plan'),
  }),
  recheckSeconds: always({
    name: 'FIREWALL_RECHECK_SECONDS',
    description: 'How often the gateway compares the kernel with the desired state when nothing changes.',
    expects: 'a whole number from 1 to 3600',
    default: '30',
    parse: integer(1, 3600),
  }),
  stateFile: maybe({
    name: 'BERTH_GATEWAY_STATE',
    description:
      'File in which the gateway keeps what it applied last, for `berth gateway restore` at boot; written by root only. Without it nothing is kept.',
    expects: 'an absolute path',
    parse: matching(/^\/[^\p{Cc}]*[^\p{Cc}/]$/u),
  }),
  metricsPort: maybe({
    name: 'BERTH_GATEWAY_METRICS_PORT',
    description:
      'TCP port of 127.0.0.1 on which `berth gateway` serves its metrics at `/metrics`, without a token. Without it there is none; 0 takes a free one.',
    expects: 'a whole number from 0 to 65535',
    parse: integer(0, 65535),
  }),
} as const;

/** About its flow log. */
export const FLOW_LOG = {
  source: always({
    name: 'FLOW_LOG',
    description:
      '`conntrack`: the gateway counts the connections through its port maps, tells the control plane (`vlab usage`), and writes each to the flow log. Only where FIREWALL is not `plan`.',
    expects: '"conntrack" or "off"',
    default: 'off',
    parse: oneOf('off', 'conntrack'),
  }),
  target: always({
    name: 'FLOW_LOG_TARGET',
    description:
      'Where the flow log goes: `nats` (NATS_URL; nowhere without it), `none`, or the URL of a syslog server (RFC 5424, octet-counted).',
    expects: '"nats", "none", or a URL such as tcp://host:601 or tls://host:6514',
    default: 'nats',
    parse: flowTarget,
  }),
  shape: always({
    name: 'FLOW_LOG_SHAPE',
    description: '`berth`: JSON. `vlab`: the Fernet token of the original vLab, with FLOW_LOG_KEY.',
    expects: '"berth" or "vlab"',
    default: 'berth',
    parse: oneOf('berth', 'vlab'),
  }),
  key: maybe({
    name: 'FLOW_LOG_KEY',
    description: 'Fernet key for FLOW_LOG_SHAPE=vlab.',
    expects: '32 random bytes in url-safe base64, 44 characters; no template and no published key',
    parse: fernetKey,
    secret: true,
    fileToo: true,
  }),
  stream: always({
    name: 'FLOW_LOG_STREAM',
    description: 'JetStream stream of the flow log, with the subjects `flows.<gateway>`; made when missing.',
    expects: 'a stream name of letters, digits, "-" and "_", at most 32 long',
    default: 'BERTH_FLOWS',
    parse: matching(/^[A-Za-z0-9_-]{1,32}$/),
  }),
  spool: always({
    name: 'FLOW_LOG_SPOOL',
    description: 'Directory in which the flow log waits while its target is away.',
    expects: 'a path',
    default: '/var/lib/berth/flow-log',
    parse: text,
  }),
  spoolBytes: always({
    name: 'FLOW_LOG_SPOOL_MAX_BYTES',
    description: 'Most that waits there; beyond it the oldest is dropped, and counted in the log.',
    expects: 'a size from 1MiB to 1048576MiB, such as 512MiB',
    default: '512MiB',
    parse: bytes(1024 * 1024, 1024 ** 4),
  }),
  clients: always({
    name: 'FLOW_LOG_CLIENTS',
    description: '`no`: usage tells how much, but not which addresses; the flow log names them in any case.',
    expects: '"yes" or "no"',
    default: 'yes',
    parse: oneOf('yes', 'no'),
  }),
} as const;
