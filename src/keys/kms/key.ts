// AWS KMS master keys: an ARN, and beside it the role to assume, the encryption context and the profile.
import { ConfigError } from '../../errors.ts'
import { now } from '../../rfc3339.ts'
import { mapField, textField, timeField, type MetadataEntry } from '../metadata-entry.ts'
import type { MasterKey, MetadataField, SpecOptions } from '../types.ts'

/** `id` is what sops prints: the ARN, `+` and the role, `|` and the context, `|` and the profile. */
export interface KmsKey extends MasterKey {
  readonly type: 'kms'
  readonly arn: string
  /** '' when none is to be assumed. */
  readonly role: string
  /** The encryption context, in the order of its names. */
  readonly context: readonly (readonly [name: string, value: string])[]
  /** '' for the user's default. */
  readonly profile: string
  readonly createdAt: string
}

type KeyParts = Pick<KmsKey, 'arn' | 'role' | 'profile' | 'createdAt' | 'enc'> & {
  readonly context: Readonly<Record<string, string>>
}

// The region becomes a part of the host's name, so it must not be able to name another host.
const arnPattern = /^arn:aws[\w-]*:kms:([A-Za-z0-9-]{1,63}):\d+:(?:key|alias)\/[\w/.=@-]+$/

/** The region in a key's ARN; undefined when it is not the ARN of a key. */
export function regionOf(arn: string): string | undefined {
  return arnPattern.exec(arn)?.[1]
}

/** Throws ConfigError. */
export function parseArns(list: string, { profile = '', context = {} }: SpecOptions = {}): KmsKey[] {
  if (list === '') return []
  return list.split(',').map((text) => {
    const [arn, role] = splitRole(text.replaceAll(' ', ''))
    return newKey({ arn, role, context, profile, createdAt: now(), enc: '' })
  })
}

// A path in an ARN may hold a plus sign, but no colon.
function splitRole(text: string): readonly [arn: string, role: string] {
  const place = text.indexOf('+arn:')
  return place > 0 ? [text.slice(0, place), text.slice(place + 1)] : [text, '']
}

/** Throws ConfigError. */
export function parseEntry(entry: unknown): KmsKey[] {
  if (!isRecord(entry))
    throw new ConfigError('invalid kms key configuration: an entry of a key group is a map with arn')
  const { arn, role, context, aws_profile: profile } = entry
  return [
    newKey({
      arn: readText(arn, 'arn'),
      role: readText(role, 'role'),
      context: readContext(context),
      profile: readText(profile, 'aws_profile'),
      createdAt: now(),
      enc: '',
    }),
  ]
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readText(value: unknown, field: string): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return value
  throw new ConfigError(`invalid kms key configuration: ${field} is not a text`)
}

function readContext(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined || value === '') return {}
  if (!isRecord(value)) throw new ConfigError('invalid kms key configuration: context is not a map')
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, readText(text, 'a value of context')]))
}

function newKey(parts: KeyParts): KmsKey {
  if (regionOf(parts.arn) === undefined) {
    throw new ConfigError(`no valid ARN found in '${parts.arn}'`, undefined, {
      hint: 'An ARN looks like arn:aws:kms:REGION:ACCOUNT:key/ID; a role follows as +arn:aws:iam::ACCOUNT:role/NAME.',
    })
  }
  return makeKey(parts)
}

/** A file's key. Its ARN is looked at when the key is used: the file may have other keys. */
export function readKey(entry: MetadataEntry): KmsKey {
  return makeKey({
    arn: textField(entry, 'arn'),
    role: textField(entry, 'role'),
    context: mapField(entry, 'context'),
    profile: textField(entry, 'aws_profile'),
    createdAt: timeField(entry, 'created_at'),
    enc: textField(entry, 'enc'),
  })
}

function makeKey({ context, ...parts }: KeyParts): KmsKey {
  const sorted = Object.entries(context).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return { type: 'kms', id: display(parts, sorted), context: sorted, ...parts }
}

function display({ arn, role, profile }: Omit<KeyParts, 'context'>, sorted: KmsKey['context']): string {
  const arnAndRole = role === '' ? arn : `${arn}+${role}`
  const context = sorted.map(([name, value]) => `${name}:${value}`).join(',')
  if (profile !== '') return `${arnAndRole}|${context}|${profile}`
  return context === '' ? arnAndRole : `${arnAndRole}|${context}`
}

/** Role and context only where there is one; the profile always, as sops writes them. */
export function emitKey(key: KmsKey): Readonly<Record<string, MetadataField>> {
  return {
    arn: key.arn,
    ...(key.role !== '' && { role: key.role }),
    ...(key.context.length > 0 && { context: Object.fromEntries(key.context) }),
    created_at: key.createdAt,
    enc: key.enc,
    aws_profile: key.profile,
  }
}
