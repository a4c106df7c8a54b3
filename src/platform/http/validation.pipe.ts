import { Injectable, ValidationPipe, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { invalidField, Problem, type FieldError } from '../problem/problem.js';

/** `[{ field, message }]` of class-validator's tree, nested fields with dots. */
function flatten(errors: ValidationError[], prefix = ''): FieldError[] {
  return errors.flatMap((error) => {
    const field = prefix + error.property;
    const own = Object.values(error.constraints ?? {}).map((message) => ({
      field,
      message: message.startsWith(`${error.property} `) ? message.slice(error.property.length + 1) : message,
    }));
    return [...own, ...flatten(error.children ?? [], `${field}.`)];
  });
}

function refuse(errors: ValidationError[]): Problem {
  const fields = flatten(errors);
  const detail = fields
    .slice(0, 3)
    .map(({ field, message }) => `${field}: ${message}`)
    .join('; ');
  return new Problem('invalid-field', `${detail}${fields.length > 3 ? `; and ${fields.length - 3} more` : ''}`, {
    errors: fields,
  });
}

const options = {
  whitelist: true,
  transform: true,
  exceptionFactory: refuse,
  validationError: { target: false, value: false },
};

/**
 * Checks bodies and queries against their classes. Unknown fields are refused by name, except in a body of a vendor
 * type, whose clients send their own (contracts/rackhd.md section 5): `Lenient` marks those.
 */
@Injectable()
export class InputPipe implements PipeTransform {
  private readonly strict = new ValidationPipe({ ...options, forbidNonWhitelisted: true });
  private readonly lenient = new ValidationPipe(options);

  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    if (metadata.type !== 'body' && metadata.type !== 'query') return value;
    if (!isLenient(value)) refuseHidden(value);
    return (isLenient(value) ? this.lenient : this.strict).transform(value, metadata);
  }
}

/** class-transformer passes over these names without a word. */
const HIDDEN = ['__proto__', 'constructor'];

function refuseHidden(value: unknown): void {
  const name = HIDDEN.find((hidden) => typeof value === 'object' && value !== null && Object.hasOwn(value, hidden));
  if (name !== undefined) throw invalidField(name, 'should not exist');
}

const LENIENT = new WeakSet<object>();

/** Marks a body whose unknown fields are to be ignored. */
export const markLenient = (body: object): void => void LENIENT.add(body);
const isLenient = (value: unknown): boolean => typeof value === 'object' && value !== null && LENIENT.has(value);
