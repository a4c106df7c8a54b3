import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig, type StreamState } from '@nats-io/jetstream';

/** What a site says of its stream; what it leaves out is as the stream has it, or as a new one is made. */
export interface StreamSettings {
  name: string;
  /** First part of all subjects. */
  prefix: string;
  replicas?: number | undefined;
  /** Days; 0: for ever. */
  maxAgeDays?: number | undefined;
  maxBytes?: number | undefined;
}

const SECOND_NS = 1_000_000_000;
const DAY_NS = 86_400 * SECOND_NS;
const NEW_MAX_AGE_DAYS = 30;
/** How long the server remembers message ids; a repetition comes within seconds. */
const DUPLICATE_WINDOW_NS = 10 * 60 * SECOND_NS;

/** One filter for each noun: requests under the same prefix (hooks, the bus) must not end up in the stream. */
export const eventSubjects = (prefix: string, nouns: readonly string[]): string[] =>
  nouns.map((noun) => `${prefix}.${noun}.>`);

/** The stream as it is made where there is none. */
export function newStream(settings: StreamSettings, nouns: readonly string[]) {
  return {
    name: settings.name,
    description: 'Events of Berth',
    subjects: eventSubjects(settings.prefix, nouns),
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    storage: StorageType.File,
    num_replicas: settings.replicas ?? 1,
    max_age: (settings.maxAgeDays ?? NEW_MAX_AGE_DAYS) * DAY_NS,
    max_bytes: settings.maxBytes ?? -1,
    duplicate_window: DUPLICATE_WINDOW_NS,
  };
}

/** What to change in a stream that is there, and what is asked for but left, each with its reason. */
export interface StreamPlan {
  change: Partial<Pick<StreamConfig, 'subjects' | 'num_replicas' | 'max_age' | 'max_bytes'>>;
  left: string[];
  /** Why no event can be published to it at all. */
  unfit?: string;
}

type Existing = Pick<StreamConfig, 'subjects' | 'num_replicas' | 'max_age' | 'max_bytes'> &
  Partial<Pick<StreamConfig, 'mirror' | 'sealed' | 'no_ack' | 'retention'>>;
type Stored = Pick<StreamState, 'messages' | 'bytes' | 'first_ts'>;

/**
 * A stream that is there changes only so that no message in it goes away: subjects are added, limits widened, or narrowed
 * to what is stored. `<prefix>.>`, by itself, is what versions before made; it makes room for requests.
 */
export function planStream(
  settings: StreamSettings,
  nouns: readonly string[],
  config: Existing,
  state: Stored,
  now: Date,
): StreamPlan {
  if (config.mirror !== undefined) return { change: {}, left: [], unfit: 'it is a mirror' };
  if (config.sealed === true) return { change: {}, left: [], unfit: 'it is sealed' };
  if (config.no_ack === true) return { change: {}, left: [], unfit: 'it acknowledges nothing (no_ack)' };
  const change: StreamPlan['change'] = {};
  const left: string[] = [];

  const whole = `${settings.prefix}.>`;
  const others = config.subjects.filter((subject) => subject !== whole);
  const covers = config.subjects.includes(whole) && others.length > 0;
  const wanted = eventSubjects(settings.prefix, nouns).filter((subject) => !config.subjects.includes(subject));
  if (wanted.length > 0 && !covers && !config.subjects.includes('>')) change.subjects = [...others, ...wanted];

  const { replicas, maxBytes } = settings;
  if (replicas !== undefined && replicas !== config.num_replicas) change.num_replicas = replicas;

  const maxAge = settings.maxAgeDays === undefined ? config.max_age : settings.maxAgeDays * DAY_NS;
  if (maxAge !== config.max_age) {
    const oldestNs = state.messages === 0 ? 0 : (now.getTime() - Date.parse(state.first_ts)) * 1e6;
    if (maxAge === 0 || oldestNs < maxAge) change.max_age = maxAge;
    else left.push(`max_age: messages older than ${settings.maxAgeDays} days would be removed`);
  }
  if (maxBytes !== undefined && maxBytes !== config.max_bytes) {
    if (state.bytes <= maxBytes) change.max_bytes = maxBytes;
    else left.push(`max_bytes: it holds ${state.bytes} bytes, and messages beyond ${maxBytes} would be removed`);
  }
  return { change, left };
}
