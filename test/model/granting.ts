import type { Model, Pool, Subnet } from './model.js';

/** What a reservation asks for, in places. */
export interface Ask {
  owner: string;
  count: number;
  /** Exactly these... */
  places?: number[];
  /** ...or others in place of those that cannot be had. */
  orOthers?: boolean;
  /** In a row, the first a multiple of this. */
  align?: number;
}

export type Granted =
  | { refused: string }
  /** Exactly these places; or, of a random draw, `count` more of `among`. */
  | { subnet: Subnet; places: number[]; among?: number[]; count: number };

/** What a request must be answered with, nobody else being there. */
export function granted(model: Model, target: Pool | Subnet, ask: Ask): Granted {
  const subnets = 'pool' in target ? [target] : model.subnetsOf(target);
  const exhausted = { refused: 'pool' in target ? 'subnet-exhausted' : 'pool-exhausted' };
  const { owner, places } = ask;
  const within = ({ shape }: Subnet): boolean =>
    places?.every((place) => shape.first <= place && place <= shape.last) === true;
  const subnet = places === undefined ? undefined : subnets.find(within);
  if (places !== undefined) {
    if (subnet === undefined) return { refused: 'invalid-field' };
    const had = [...model.open(subnet).free, ...model.open(subnet).early, ...model.held(subnet)];
    if (ask.orOthers !== true && places.some((place) => !had.includes(place))) return { refused: 'invalid-field' };
  }
  const quota = model.quotas.get(owner) ?? model.quotas.get('*');
  if (ask.count > (quota?.perRequest ?? Infinity)) return { refused: 'quota-exceeded' };
  if (model.heldBy(owner) + ask.count > (quota?.addresses ?? Infinity)) return { refused: 'quota-exceeded' };
  if (places === undefined || subnet === undefined) return any(model, subnets, ask) ?? exhausted;

  const { free } = model.open(subnet);
  const mine = subnet.rests.filter((rest) => model.isDue(rest) || rest.owner === owner).map(({ place }) => place);
  const got = places.filter((place) => free.includes(place) || mine.includes(place));
  const missing = places.length - got.length;
  if (missing === 0) return { subnet, places: got, count: 0 };
  if (ask.orOthers !== true) return { refused: 'address-in-use' };
  const others = any(model, [subnet], { owner, count: missing }, got);
  return others === undefined ? { refused: 'subnet-exhausted' } : { ...others, places: [...got, ...others.places] };
}

type Choose = (places: number[]) => Omit<Extract<Granted, { subnet: Subnet }>, 'subnet'> | undefined;

/** n places of any one subnet: of what is free, then of what has rested, then of what rests. */
function any(
  model: Model,
  subnets: readonly Subnet[],
  { count, align }: Ask,
  taken: readonly number[] = [],
): Extract<Granted, { subnet: Subnet }> | undefined {
  const [pool] = subnets.map((subnet) => subnet.pool);
  if (pool === undefined) return undefined;
  const choose =
    (random: boolean): Choose =>
    (places) => {
      if (align !== undefined) {
        const block = bestFit(places, count, align);
        return block && { places: block, count: 0 };
      }
      if (places.length < count) return undefined;
      return random ? { places: [], among: places, count } : { places: places.slice(0, count), count: 0 };
    };
  const oldestFirst = subnets
    .filter(({ rests }) => rests.length > 0)
    .sort((a, b) => Math.min(...a.rests.map(({ until }) => until)) - Math.min(...b.rests.map(({ until }) => until)));
  const passes: [Subnet, Choose, 'free' | 'due' | 'early'][] = [
    ...subnets.map((subnet) => [subnet, choose(pool.policy === 'random'), 'free'] as const),
    ...oldestFirst.map((subnet) => [subnet, choose(false), 'due'] as const),
    ...(pool.reuseEarly ? oldestFirst.map((subnet) => [subnet, choose(false), 'early'] as const) : []),
  ].map((pass) => [...pass]);
  for (const [subnet, choice, reach] of passes) {
    const open = model.open(subnet);
    const places = reach === 'free' ? open.free : [...open.free, ...open[reach]];
    const found = choice(places.filter((place) => !taken.includes(place)));
    if (found !== undefined) return { subnet, ...found };
  }
  return undefined;
}

/** Of the stretches in which a block fits the shortest, of these the lowest. */
export function bestFit(places: readonly number[], count: number, align: number): number[] | undefined {
  const stretches: number[][] = [];
  for (const place of [...places].sort((a, b) => a - b)) {
    const last = stretches.at(-1);
    if (last?.at(-1) === place - 1) last.push(place);
    else stretches.push([place]);
  }
  const fits = stretches.flatMap((stretch) => {
    const from = stretch.findIndex((place) => place % align === 0);
    return from >= 0 && from + count <= stretch.length ? [{ stretch, from }] : [];
  });
  const [best] = fits.sort((a, b) => a.stretch.length - b.stretch.length || a.stretch[0]! - b.stretch[0]!);
  return best?.stretch.slice(best.from, best.from + count);
}
