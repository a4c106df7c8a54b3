import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validateSync, type ValidationError } from 'class-validator';
import { invalidField, Problem, type FieldError } from '../problem/problem.js';
import { quickInput } from './quick-input.js';

/** A class that says by its decorators what its members may be. */
export type InputClass = new () => object;

/** class-transformer passes over these names without a word. */
const HIDDEN = ['__proto__', 'constructor'];

/**
 * The body or query as an instance of its class; the problem `invalid-field`, which names every field that is wrong,
 * otherwise. Unknown members are refused by name, or with `lenient` passed over: the clients of vendor types send their own
 * (contracts/rackhd.md section 5).
 */
export function checkedInput(value: unknown, type: InputClass, lenient: boolean): object {
  if (typeof value !== 'object' || value === null) throw new Error('an input that is no object');
  if (!lenient) {
    const name = HIDDEN.find((hidden) => Object.hasOwn(value, hidden));
    if (name !== undefined) throw invalidField(name, 'should not exist');
  }
  const quick = quickInput(value, type);
  if (quick !== undefined) return quick;
  const inside = hiddenInside(value);
  if (inside !== undefined) throw invalidField(inside, 'should not exist');
  const instance: object = plainToInstance(type, value);
  const errors = validateSync(instance, {
    whitelist: true,
    forbidNonWhitelisted: !lenient,
    validationError: { target: false, value: false },
  });
  if (errors.length > 0) throw refuse(errors);
  return instance;
}

/**
 * The first member of such a name below the first level: class-transformer would take it for the class of the value that has
 * it. Not recursive, since bodies may be nested as deep as they are long.
 */
function hiddenInside(value: object): string | undefined {
  const open: [string, object][] = [['', value]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [path, part] = next;
    for (const [name, inner] of Object.entries(part) as [string, unknown][]) {
      if (path !== '' && HIDDEN.includes(name)) return (path + name).slice(0, 200);
      if (typeof inner === 'object' && inner !== null) open.push([`${path.slice(0, 200)}${name}.`, inner]);
    }
  }
  return undefined;
}

/** The names that an input of the class may have. */
export const inputMembers = (type: InputClass): string[] => [
  ...new Set(
    getMetadataStorage()
      .getTargetValidationMetadatas(type, '', false, false)
      .map(({ propertyName }) => propertyName),
  ),
];

/** `[{ field, message }]` of class-validator's tree, nested fields with dots. */
function flatten(errors: readonly ValidationError[], prefix = ''): FieldError[] {
  return errors.flatMap((error) => {
    const field = prefix + error.property;
    const own = Object.values(error.constraints ?? {}).map((message) => ({
      field,
      message: message.startsWith(`${error.property} `) ? message.slice(error.property.length + 1) : message,
    }));
    return [...own, ...flatten(error.children ?? [], `${field}.`)];
  });
}

function refuse(errors: readonly ValidationError[]): Problem {
  const fields = flatten(errors);
  const detail = fields
    .slice(0, 3)
    .map(({ field, message }) => `${field}: ${message}`)
    .join('; ');
  return new Problem('invalid-field', `${detail}${fields.length > 3 ? `; and ${fields.length - 3} more` : ''}`, {
    errors: fields,
  });
}
