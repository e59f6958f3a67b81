// What of a file is published: its values, the file encrypted anew for the keys of a recreation rule, or the file as it
// is. Nothing that is not encrypted goes to where files go.
import type { Outcome, World } from '../destinations/types.ts'
import { DataKeyError, SopsError } from '../errors.ts'
import { checkEncrypted, compareKeys, decrypt, type CreationRule, encrypt, isEncrypted, openTree } from '../index.ts'
import type { Call } from './command.ts'
import { type FileOptions, fileOptions } from './file-options.ts'
import { readInput, writeStdout } from './files.ts'
import { keyGroupDifference } from './key-difference.ts'
import type { Publication } from './publication.ts'
import type { Session } from './session.ts'
import { type Warn } from './log.ts'

/** Makes everything ready to be sent; what it gives sends it. Throws SopsError, CommandError. */
export async function openPayload(
  { path, file, name, rule }: Publication,
  call: Call,
  session: Session,
  world: World & { readonly log: Warn },
): Promise<() => Promise<Outcome>> {
  const { destination, recreation } = rule
  const bytes = await readInput(call.io, path, file)
  const options = await fileOptions(call, session, path, world.log)
  if (destination.takes === 'values') {
    const { branches } = await openTree(bytes, options)
    return () => destination.upload(name, branches, world)
  }
  const content =
    recreation === undefined ? await checkFile(bytes, options, world) : await recreate(bytes, recreation, options, call)
  return () => destination.upload(name, content, world)
}

/** The file itself. Whoever publishes it need not have a key, but whoever has one is told when it would not open. */
async function checkFile(bytes: Uint8Array, options: FileOptions, { inform }: World): Promise<Uint8Array> {
  if (!isEncrypted(bytes, options)) throw notEncrypted()
  await checkEncrypted(bytes, options)
  try {
    await openTree(bytes, options)
  } catch (error) {
    if (!(error instanceof DataKeyError)) throw error
    inform('The MAC is not checked: no key of the file is at hand')
  }
  return bytes
}

function notEncrypted(): SopsError {
  const hint = 'Nothing is published that is not encrypted: encrypt the file first.'
  return new SopsError('ERR_SOPS_METADATA_MISSING', 'sops metadata not found', { hint })
}

async function recreate(
  bytes: Uint8Array,
  rule: CreationRule,
  options: FileOptions,
  { io }: Call,
): Promise<Uint8Array> {
  // In the layout that it has; another one that is asked for is that of the new file.
  const plain = await decrypt(bytes, { ...options, layout: undefined })
  const { groups } = await compareKeys(bytes, rule, options)
  if (groups.some(({ added, removed }) => added.length > 0 || removed.length > 0)) {
    const title = "The following changes will be made to the file's key groups:\n"
    await writeStdout(io, Buffer.from(title + keyGroupDifference(io, groups)))
  }
  return encrypt(plain, rule, options)
}
