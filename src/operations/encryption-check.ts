import { isEnvelope } from '../cipher/envelope.ts'
import { ValueError } from '../errors.ts'
import { isEmpty } from '../tree/scalar.ts'
import { compileSelection } from '../tree/selection.ts'
import { walk } from '../tree/walk.ts'
import { load } from './open.ts'
import { contextOf, type OperationOptions } from './options.ts'

/**
 * Checks that every value which the file's own rule selects is a ciphertext: that nobody added one by hand. No key is
 * needed; whether the ciphertexts are those that somebody with the data key wrote, only decryption tells.
 *
 * @throws ParseError; ConfigError; ValueError; SopsError ERR_SOPS_METADATA_MISSING, ERR_SOPS_METADATA_INVALID
 */
export async function checkEncrypted(file: Uint8Array, options: OperationOptions): Promise<void> {
  const { document, metadata } = load(file, contextOf(options))
  const selector = await compileSelection(metadata.selection)
  walk(document.branches, selector(), ({ leaf, encrypted, path }) => {
    if (!encrypted || isEmpty(leaf)) return
    if ((leaf.type === 'str' || leaf.type === 'comment') && isEnvelope(leaf.value)) return
    throw new ValueError('ERR_SOPS_VALUE_DECRYPT', path(), 'there is a value in clear where a ciphertext should be', {
      hint: 'Somebody may have added it by hand: add values with tsops edit or tsops set.',
    })
  })
}
