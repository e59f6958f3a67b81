// The encrypted files of one run: opened at the same time up to a limit, each wrapped data key once.
import { type Branch, DataKeyCache, type Host, type Layout } from '../src/index.ts'
import { poolOf } from '../src/keys/pool.ts'
import { storeForPath } from '../src/stores/registry.ts'
import { ConfinedFiles } from './confined-files.ts'
import {
  type EncryptedSource,
  openDocuments,
  openEntries,
  openManifests,
  type OpenOptions,
  openText,
} from './encrypted-source.ts'
import { Refusal, type Report } from './finding.ts'
import type { Mode, Settings } from './settings.ts'
import type { World } from './world.ts'

export class EncryptedFiles {
  readonly mode: Mode
  readonly confined: ConfinedFiles
  readonly #host: Host
  readonly #inPool: <T>(work: () => Promise<T>) => Promise<T>
  readonly #dataKeys: DataKeyCache

  constructor({ host, files }: World, settings: Settings, mode: Mode, dataKeys: DataKeyCache = new DataKeyCache()) {
    this.mode = mode
    this.confined = new ConfinedFiles(files, settings)
    this.#host = host
    this.#inPool = poolOf(settings.concurrency)
    this.#dataKeys = dataKeys
  }

  /** All of these throw SopsError and Refusal. */
  text(path: string, report: Report, layout?: Layout): Promise<Uint8Array> {
    return this.#inPool(async () => openText(await this.read(path), { ...this.options(path, report), layout }))
  }

  entries(path: string, report: Report): Promise<Uint8Array> {
    return this.#inPool(async () => openEntries(await this.read(path), this.options(path, report)))
  }

  documents(path: string, report: Report): Promise<readonly Branch[]> {
    return this.#inPool(async () => openDocuments(await this.read(path), this.options(path, report)))
  }

  manifests(path: string, report: Report): Promise<readonly Branch[]> {
    return this.#inPool(async () => openManifests(await this.read(path), this.options(path, report)))
  }

  /** Does other work within the limit. */
  inPool<T>(work: () => Promise<T>): Promise<T> {
    return this.#inPool(work)
  }

  /** `path`: where warnings say that they come from. */
  options(path: string | undefined, report: Report): OpenOptions {
    const onWarning = (message: string): void => report.warn(message, { file: path })
    return { mode: this.mode, host: this.#host, dataKeys: this.#dataKeys, onWarning }
  }

  async read(path: string): Promise<EncryptedSource> {
    const bytes = await this.confined.read(await this.confined.locate(path))
    if (bytes.length === 0) throw new Refusal('the file is empty')
    return { bytes, format: storeForPath(path).name }
  }
}
