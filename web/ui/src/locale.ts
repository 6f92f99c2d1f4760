import { type Language, languages, type TextKey, type Texts } from './strings.ts';

/** The language of the page, and what follows from it. */
interface Locale {
  language: Language;
  /** For `Intl`: the person's own regional form of the language where that is known. */
  tag: string;
  texts: Texts;
  plural: Intl.PluralRules;
  isRightToLeft: boolean;
}

let locale = localeOf(['en']);

function localeOf(wanted: readonly string[]): Locale {
  const tag = wanted.find((it) => it.slice(0, 2).toLowerCase() in languages) ?? 'en';
  const language = tag.slice(0, 2).toLowerCase() as Language;
  const isRightToLeft = language === 'ar';
  return { language, tag, texts: languages[language], plural: new Intl.PluralRules(tag), isRightToLeft };
}

/** Takes the first language that there is. */
export function setLanguage(wanted: readonly string[]): void {
  locale = localeOf(wanted);
}

/** Tells the document in which language it is, and which way that reads. */
export function markDocument(root: HTMLElement): void {
  root.lang = locale.language;
  root.dir = locale.isRightToLeft ? 'rtl' : 'ltr';
}

export function localeTag(): string {
  return locale.tag;
}

/** The text of this name; `n` chooses the form of a plural. */
export function t(key: TextKey, values: Record<string, string | number> = {}): string {
  const text = locale.texts[key];
  const form = typeof text === 'string' ? text : (text[locale.plural.select(Number(values.n))] ?? text.other);
  return form.replace(/\{(\w+)\}/g, (all, name: string) => {
    const value = values[name];
    return typeof value === 'number' ? number(value) : (value ?? all);
  });
}

export function number(value: number): string {
  return value.toLocaleString(locale.tag);
}
