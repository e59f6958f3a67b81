// The corpus: plain files as people write them, one folder per format, and `refused`: files that cannot be encrypted.

import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'

const root = 'test/corpus/plain'

export interface CorpusFile {
  /** Folder and name: `yaml/quotes.yaml`. */
  readonly name: string
  readonly path: string
  readonly format: string
  readonly bytes: Buffer
}

const formats: Readonly<Record<string, string>> = {
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.json': 'json',
  '.env': 'dotenv',
  '.ini': 'ini',
}

export function corpus(): readonly CorpusFile[] {
  return ['yaml', 'json', 'dotenv', 'ini', 'binary'].flatMap((folder) => filesIn(folder))
}

export function refusedCorpus(): readonly CorpusFile[] {
  return filesIn('refused')
}

function filesIn(folder: string): readonly CorpusFile[] {
  return readdirSync(join(root, folder))
    .toSorted()
    .map((file) => {
      const path = join(root, folder, file)
      const format = folder === 'binary' ? 'binary' : (formats[extname(file)] ?? 'binary')
      return { name: `${folder}/${file}`, path, format, bytes: readFileSync(path) }
    })
}
