import { encryptDataKey } from '../keys/key-group.ts'
import { emitMetadata } from '../metadata/codec.ts'
import type { CreationRule } from '../metadata/types.ts'
import type { DecryptOptions } from './decrypt.ts'
import { dataKeyOf, load } from './open.ts'
import { contextOf } from './options.ts'

/**
 * Encrypts the file's data key for the master keys of `rule` instead of those that it has. Values, MAC and selection
 * stay; whoever could read the file before still knows its data key: rotate changes that.
 *
 * @throws as decrypt does, but the MAC is not checked (as in sops); SopsError ERR_SOPS_DATA_KEY_WRAP
 */
export async function updateKeys(
  file: Uint8Array,
  rule: Pick<CreationRule, 'keyGroups' | 'shamirThreshold'>,
  options: Omit<DecryptOptions, 'extract' | 'ignoreMac' | 'outputFormat' | 'layout'>,
): Promise<Uint8Array> {
  const context = contextOf(options)
  const { document, metadata } = load(file, context)
  const dataKey = await dataKeyOf(metadata, context)
  const shamirThreshold = Math.min(rule.shamirThreshold ?? metadata.shamirThreshold, rule.keyGroups.length)
  const keyGroups = await encryptDataKey(rule.keyGroups, shamirThreshold, dataKey, context.keyServices)
  return document.rewrite(new Map(), {
    metadata: emitMetadata({ ...metadata, keyGroups, shamirThreshold }, context.backends),
    layout: document.layout,
  })
}
