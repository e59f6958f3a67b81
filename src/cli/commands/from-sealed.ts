import { resolve } from 'node:path'
import type { KeyObject } from 'node:crypto'
import { SopsError } from '../../errors.ts'
import type { Branch } from '../../tree/types.ts'
import type { Call, Command } from '../command.ts'
import { CommandError } from '../exit-status.ts'
import { allowUnencryptedFlag, keyFlags, keyServiceFlags, suffixAndRegexFlags, thresholdFlag } from '../flags.ts'
import { requireFile } from '../files.ts'
import { warnerTo } from '../log.ts'

// Name and labels stay in clear, so that tools can see what the file is.
const valuesOnly = { by: 'encrypted_regex', pattern: '^(data|stringData)$' } as const

export const fromSealedCommand: Command = {
  usage: '[flags] --key FILE SEALEDSECRET',
  about:
    'turns a SealedSecret and a backup of the controller’s keys into an encrypted Secret. Nothing is written in clear. ' +
    'Only data and stringData are encrypted, unless flags or the creation rule say otherwise.',
  operation: 'from-sealed',
  isOurs: true,
  flagGroups: async () => [
    {
      title: 'Flags',
      flags: [
        {
          names: ['key'],
          kind: 'list',
          value: 'FILE',
          help: 'the controller’s keys: a Secret, a List of them, or PEM',
        },
        (await import('../manifest-output.ts')).manifestOutputFlag,
        allowUnencryptedFlag,
      ],
    },
    { title: 'Keys', flags: [...(await keyFlags()), thresholdFlag, ...keyServiceFlags] },
    { title: 'Selection', flags: suffixAndRegexFlags },
  ],
  run: convert,
}

async function convert(call: Call): Promise<number> {
  const { flags, io, positionals } = call
  const file = requireFile(positionals)
  if (flags.list('key').length === 0) throw new CommandError(1, 'Error: --key FILE is missing')
  const { creationRule } = await import('../creation.ts')
  const { openSession } = await import('../session.ts')
  const { encrypt } = await import('../../index.ts')
  const { storeFor } = await import('../../stores/registry.ts')
  const { writeManifest } = await import('../manifest-output.ts')
  const session = openSession(call)
  const warn = warnerTo(io)
  const name = resolve(io.cwd, flags.text('output') === '' ? file : flags.text('output'))
  const format = name.endsWith('.json') ? 'json' : 'yaml'
  const rule = await creationRule(call, session, { name, format, onWarning: warn })
  const plain = storeFor(format)?.emit([await unseal(call, file)], { indent: 2 }) ?? new Uint8Array()
  const allowUnencrypted = flags.isOn('allow-unencrypted')
  const audit = session.auditOf(name)
  const options = { ...session.options, audit, format, allowUnencrypted, onWarning: warn }
  const encrypted = await encrypt(plain, { selection: valuesOnly, ...rule }, options)
  if (!allowUnencrypted) await checkValues(storeFor(format)?.parse(encrypted).branches[0])
  await writeManifest(call, encrypted)
  return 0
}

// A rule made for other files may name none of these keys: what was sealed must not come out in clear for that.
async function checkValues(secret: Branch | undefined): Promise<void> {
  const { fieldAt, fieldPath, itemsOf } = await import('../../kubernetes/object.ts')
  const { isEnvelope } = await import('../../cipher/envelope.ts')
  for (const field of ['data', 'stringData']) {
    for (const { key, value } of itemsOf(fieldAt(secret, field))) {
      if (value.type === 'str' && (value.value === '' || isEnvelope(value.value))) continue
      const message = `${fieldPath(field, key)} would come to stand in clear, and was sealed`
      throw new SopsError('ERR_SOPS_NOTHING_ENCRYPTED', message, {
        hint: 'Check the suffix or pattern in the command line and .sops.yaml, or allow it with --allow-unencrypted.',
      })
    }
  }
}

async function unseal(call: Call, file: string): Promise<Branch> {
  const { unsealSecret } = await import('../../kubernetes/sealed-secret-object.ts')
  const { secretManifest } = await import('../../kubernetes/secret-object.ts')
  const { readSealingKeys } = await import('../../kubernetes/sealing-keys.ts')
  const { storeFor } = await import('../../stores/registry.ts')
  // JSON is YAML, too.
  const parse = (bytes: Uint8Array): readonly Branch[] => storeFor('yaml')?.parse(bytes).branches ?? []
  const keys: KeyObject[] = []
  for (const each of call.flags.list('key')) keys.push(...readSealingKeys(await read(call, each), parse))
  const [sealed, ...others] = parse(await read(call, file))
  if (sealed === undefined || others.length > 0) throw new CommandError(1, `${file} must hold one SealedSecret`)
  return secretManifest(unsealSecret(sealed, keys), 'stringData')
}

async function read({ io }: Call, file: string): Promise<Uint8Array> {
  const { readInput } = await import('../files.ts')
  return readInput(io, resolve(io.cwd, file), file)
}
