import { type KeyObject, X509Certificate } from 'node:crypto'
import { resolve } from 'node:path'
import type { Scope } from '../../kubernetes/sealed-secret.ts'
import type { Call, Command } from '../command.ts'
import { CommandError } from '../exit-status.ts'
import { decryptionOrderFlag, inputTypeFlag, keyServiceFlags } from '../flags.ts'
import { logLine } from '../log.ts'

export const toSealedCommand: Command = {
  usage: '[flags] --cert FILE FILE…',
  about:
    'prints a SealedSecret made from encrypted files, with the public certificate of the controller; no cluster is asked.',
  operation: 'to-sealed',
  isOurs: true,
  async flagGroups() {
    const { secretFlags } = await import('../secret-source.ts')
    const { manifestFlags } = await import('../manifest-output.ts')
    return [
      {
        title: 'Sealing',
        flags: [
          {
            names: ['cert'],
            kind: 'string',
            value: 'FILE',
            help: 'the certificate, as `kubeseal --fetch-cert` gives it',
          },
          { names: ['scope'], kind: 'string', help: 'strict (default), namespace-wide or cluster-wide' },
        ],
      },
      { title: 'Secret', flags: secretFlags },
      { title: 'Format', flags: [inputTypeFlag, ...manifestFlags] },
      { title: 'Keys', flags: [decryptionOrderFlag, ...keyServiceFlags] },
    ]
  },
  run: seal,
}

async function seal(call: Call): Promise<number> {
  const { flags } = call
  if (flags.text('cert') === '') throw new CommandError(1, 'Error: --cert FILE is missing')
  const { scopes } = await import('../../kubernetes/sealed-secret.ts')
  const scope = flags.text('scope') === '' ? 'strict' : scopes.find((each: Scope) => each === flags.text('scope'))
  if (scope === undefined) throw new CommandError(1, `Error: --scope is one of ${scopes.join(', ')}`)
  const publicKey = await readCertificate(call, flags.text('cert'))
  const { checkedManifest, openSecret } = await import('../secret-source.ts')
  const { sealSecret } = await import('../../kubernetes/sealed-secret-object.ts')
  const { printObjects, writeManifest } = await import('../manifest-output.ts')
  const secret = await openSecret(call)
  checkedManifest(call, secret, 'data')
  await writeManifest(call, printObjects(call, [sealSecret(secret, scope, publicKey)]))
  return 0
}

async function readCertificate({ io }: Call, file: string): Promise<KeyObject> {
  const { readInput } = await import('../files.ts')
  const pem = await readInput(io, resolve(io.cwd, file), file)
  const certificate = parseCertificate(pem)
  if (certificate?.publicKey.asymmetricKeyType !== 'rsa') {
    throw new CommandError(1, `${file} is not a certificate with an RSA key`)
  }
  if (Date.parse(certificate.validTo) < Date.now()) {
    logLine(io, 'warning', `The certificate in ${file} has expired: the controller may have newer keys`)
  }
  return certificate.publicKey
}

function parseCertificate(pem: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}
