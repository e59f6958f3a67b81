import { basename, resolve } from 'node:path'
import { SopsError } from '../../errors.ts'
import type { RemoteKey } from '../../kubernetes/external-secret.ts'
import type { Call, Command } from '../command.ts'
import { CommandError } from '../exit-status.ts'
import { inputTypeFlag } from '../flags.ts'
import { requireFile } from '../files.ts'

export const toExternalCommand: Command = {
  usage: '[flags] --store NAME FILE',
  about:
    'prints an ExternalSecret that brings what `publish` puts into a store into a Secret, or the PushSecret for the ' +
    'other way. No key is needed: the names of keys are not encrypted.',
  operation: 'to-external',
  isOurs: true,
  async flagGroups() {
    const { manifestFlags } = await import('../manifest-output.ts')
    return [
      {
        title: 'Flags',
        flags: [
          { names: ['store'], kind: 'string', value: 'NAME', help: 'the SecretStore for the destination of publish' },
          { names: ['store-kind'], kind: 'string', value: 'KIND', help: 'SecretStore (default) or ClusterSecretStore' },
          { names: ['push'], kind: 'bool', help: 'print a PushSecret instead' },
          { names: ['name'], kind: 'string', help: 'name of the Secret; default: that of the file' },
          { names: ['namespace', 'n'], kind: 'string', help: 'namespace of the Secret' },
          { names: ['refresh-interval'], kind: 'string', value: 'TIME', help: 'how often to look; default 1h' },
          { names: ['omit-extensions'], kind: 'bool', help: 'as it was said to publish' },
        ],
      },
      { title: 'Format', flags: [inputTypeFlag, ...manifestFlags] },
    ]
  },
  run: print,
}

const storeKinds = ['SecretStore', 'ClusterSecretStore']

async function print(call: Call): Promise<number> {
  const { flags, positionals } = call
  const file = requireFile(positionals)
  const said = (flag: string, otherwise: string): string => (flags.text(flag) === '' ? otherwise : flags.text(flag))
  const store = { name: flags.text('store'), kind: said('store-kind', 'SecretStore') }
  if (store.name === '') throw new CommandError(1, 'Error: --store NAME is missing')
  if (!storeKinds.includes(store.kind)) throw new CommandError(1, `Error: --store-kind is ${storeKinds.join(' or ')}`)
  const refreshInterval = said('refresh-interval', '1h')
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$|^0$/.test(refreshInterval)) {
    throw new CommandError(1, 'Error: --refresh-interval is a time such as 30m or 1h')
  }
  const { externalSecret, pushSecret } = await import('../../kubernetes/external-secret.ts')
  const { printObjects, writeManifest } = await import('../manifest-output.ts')
  const { isObjectName } = await import('../../kubernetes/names.ts')
  const { nameOfFile } = await import('../secret-source.ts')
  const name = said('name', nameOfFile(basename(file)))
  if (!isObjectName(name)) throw new CommandError(1, `Error: ${JSON.stringify(name)} is no name for a Secret`)
  const options = { name, namespace: flags.text('namespace'), store, refreshInterval }
  const keys = await remoteKeys(call, file)
  await writeManifest(call, printObjects(call, [(flags.isOn('push') ? pushSecret : externalSecret)(options, keys)]))
  return 0
}

async function remoteKeys(call: Call, file: string): Promise<readonly RemoteKey[]> {
  const { findPublication } = await import('../publication.ts')
  const { openSession } = await import('../session.ts')
  const omitExtensions = call.flags.isOn('omit-extensions')
  const { locate, uri } = await findPublication(openSession(call), file, { cwd: call.io.cwd, omitExtensions })
  if (locate === undefined) {
    throw new CommandError(1, `${uri} holds the encrypted file, of which the operator can make nothing`)
  }
  return (await keysOf(call, file)).map((key) => {
    const { secret, property } = locate(key)
    return { key, secret, property }
  })
}

async function keysOf({ io, flags }: Call, file: string): Promise<readonly string[]> {
  const { readInput } = await import('../files.ts')
  const { formatOf } = await import('../session.ts')
  const { storeFor } = await import('../../stores/registry.ts')
  const { isSecret } = await import('../../kubernetes/entries.ts')
  const { itemsOf } = await import('../../kubernetes/object.ts')
  const { isDataKey } = await import('../../kubernetes/names.ts')
  const path = resolve(io.cwd, file)
  const document = storeFor(formatOf(flags.text('input-type'), path))?.parse(await readInput(io, path, file))
  if (document?.metadata === undefined) throw new SopsError('ERR_SOPS_METADATA_MISSING', 'sops metadata not found')
  const [branch] = document.branches
  if (isSecret(branch)) throw new CommandError(1, `${file} is a manifest, which publish puts into a store as it is`)
  const keys = itemsOf(branch).map(({ key }) => key)
  const wrong = keys.find((key) => !isDataKey(key))
  if (wrong === undefined) return keys
  throw new SopsError('ERR_SOPS_MANIFEST', `${JSON.stringify(wrong)} cannot be a key of a Secret`)
}
