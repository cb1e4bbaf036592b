/** Product search: trigrams find candidates, edit distance puts them in order, so that typing errors are forgiven. */
export class SearchIndex {
  #names = [];
  #grams = new Map();

  /** @param {Iterable<string>} names */
  constructor(names) {
    for (const name of names) this.add(name);
  }

  get size() {
    return this.#names.length;
  }

  add(name) {
    const id = this.#names.push(name) - 1;
    for (const gram of trigrams(name)) {
      const ids = this.#grams.get(gram);
      if (ids) ids.push(id);
      else this.#grams.set(gram, [id]);
    }
  }

  /** The best `limit` names. */
  find(query, limit = 5) {
    const hits = new Map();
    const wanted = trigrams(query);
    for (const gram of wanted) for (const id of this.#grams.get(gram) ?? []) hits.set(id, (hits.get(id) ?? 0) + 1);
    const least = Math.max(1, Math.floor(wanted.size / 3));
    return [...hits]
      .filter(([, n]) => n >= least)
      .map(([id]) => ({ name: this.#names[id], distance: distanceOf(query.toLowerCase(), this.#names[id].toLowerCase()) }))
      .sort((a, b) => a.distance - b.distance || a.name.localeCompare(b.name))
      .slice(0, limit)
      .map((hit) => hit.name);
  }
}

function trigrams(text) {
  const padded = `  ${text.toLowerCase()} `;
  const grams = new Set();
  for (let i = 0; i + 3 <= padded.length; i++) grams.add(padded.slice(i, i + 3));
  return grams;
}

/** Each word of the query is compared with the word of the name that is most like it. */
function distanceOf(query, name) {
  const words = name.split(/[\s,]+/);
  return query.split(/\s+/).reduce((sum, wanted) => sum + Math.min(...words.map((word) => editDistance(wanted, word))), 0);
}

/** Levenshtein, one row at a time. */
export function editDistance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
