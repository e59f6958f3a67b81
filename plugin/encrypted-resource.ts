// A resource that kustomize has read from an encrypted file, and may have changed since: prefixes, labels and patches
// stay, and each ciphertext becomes what the verified file holds at its place.
import type { Branch } from '../src/index.ts'
import { openTree } from '../src/index.ts'
import { fieldOf, fieldPath, referenceOf, textAt, withoutField } from '../src/kubernetes/object.ts'
import { storeFor } from '../src/stores/registry.ts'
import type { EncryptedFiles } from './encrypted-files.ts'
import { fillPlaceholders } from './encrypted-source.ts'
import { placed, Refusal, type Report } from './finding.ts'
import { type RawFile, RawFiles, type VerifiedFile } from './raw-files.ts'
import { mapValues } from './value-map.ts'

export interface DecryptedResource {
  readonly object: Branch
  /** The file that it was read from, where it is known. */
  readonly file?: string
}

export interface ResourceOptions {
  /** Whether a resource without its file is decrypted without a check of its MAC. */
  readonly unverified: boolean
}

/** Whether a resource carries the metadata of an encrypted file. */
export function isEncryptedResource(resource: Branch): boolean {
  const metadata = fieldOf(resource, 'sops')
  return ['mac', 'lastmodified', 'version'].some((name) => textAt(metadata, name) !== undefined)
}

export class EncryptedResources {
  readonly #files: EncryptedFiles
  readonly #raw: RawFiles
  readonly #options: ResourceOptions

  constructor(files: EncryptedFiles, options: ResourceOptions) {
    this.#files = files
    this.#raw = new RawFiles(files)
    this.#options = options
  }

  /** Throws SopsError, Refusal. */
  async open(resource: Branch, report: Report): Promise<DecryptedResource> {
    const mac = textAt(resource, 'sops', 'mac')
    if (mac === undefined || mac === '') throw new Refusal('sops metadata without a MAC', { field: 'sops.mac' })
    if (this.#files.mode === 'passthrough') return { object: resource }
    const body = withoutField(resource, 'sops')
    if (this.#files.mode === 'placeholder') return { object: fillPlaceholders(body) }
    let failure: Refusal | undefined
    for (const file of await this.#verifyAll(await this.#raw.find(resource, mac), report)) {
      try {
        return { object: fill(body, file), file: file.name }
      } catch (error) {
        failure ??= placed(error, { file: file.name })
      }
    }
    if (failure !== undefined) throw failure
    return this.#openUnverified(resource, report)
  }

  // Any of them may be where the resource stands, whatever its annotation says: a sound copy beside a changed file must not
  // hide the change.
  async #verifyAll(candidates: readonly RawFile[], report: Report): Promise<readonly VerifiedFile[]> {
    const verified: VerifiedFile[] = []
    for (const candidate of candidates) {
      try {
        verified.push(await this.#raw.verify(candidate, report))
      } catch (error) {
        throw placed(error, { file: candidate.name })
      }
    }
    return verified
  }

  async #openUnverified(resource: Branch, report: Report): Promise<DecryptedResource> {
    if (!this.#options.unverified) {
      throw new Refusal(
        'the file that it stands in was not found in this kustomization or a base that it lists, and without the file ' +
          'its MAC cannot be checked; `unverified: allow` in the transformer does without',
        { field: 'sops.mac' },
      )
    }
    report.warn('its MAC was not checked: values may have been removed, or set back to earlier ones', {
      resource: referenceOf(resource),
      field: 'sops.mac',
    })
    const bytes = storeFor('json')?.emit([resource], {}) ?? new Uint8Array()
    const { host, dataKeys } = this.#files.options(undefined, report)
    const { branches } = await this.#files.inPool(() =>
      openTree(bytes, { host, dataKeys, format: 'json', ignoreMac: true }),
    )
    return { object: branches[0] ?? { type: 'branch', items: [] } }
  }
}

function fill(body: Branch, file: VerifiedFile): Branch {
  return mapValues(body, (leaf, path) => {
    if (leaf.type !== 'str' || !leaf.value.includes('ENC[')) return leaf
    const plain = file.find(path, leaf.value)
    if (plain !== undefined) return plain
    if (!leaf.value.includes('ENC[AES256_GCM,')) return leaf
    const message = 'a ciphertext that the file does not hold at this place: it was moved, or changed by kustomize'
    throw new Refusal(message, { field: fieldPath(...path) })
  })
}
