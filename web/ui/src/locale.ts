import { texts as english, type TextKey, type Texts } from './languages/en.ts';

/** Every language; those that not everybody needs are fetched for whoever does. */
export const languages = {
  en: async (): Promise<Texts> => english,
  de: async (): Promise<Texts> => (await import('./languages/de.ts')).texts,
  ar: async (): Promise<Texts> => (await import('./languages/ar.ts')).texts,
};

type Language = keyof typeof languages;

/** The language of the page, and what follows from it. */
interface Locale {
  language: Language;
  /** For `Intl`: the person's own regional form of the language where that is known. */
  tag: string;
  texts: Texts;
  plural: Intl.PluralRules;
  isRightToLeft: boolean;
}

let locale = localeOf('en', english);

function localeOf(tag: string, texts: Texts): Locale {
  const language = languageOf(tag);
  return { language, tag, texts, plural: new Intl.PluralRules(tag), isRightToLeft: language === 'ar' };
}

function languageOf(tag: string): Language {
  return tag.slice(0, 2).toLowerCase() as Language;
}

/** Takes the first language that there is; English where that cannot be fetched. */
export async function setLanguage(wanted: readonly string[]): Promise<void> {
  const tag = wanted.find((it) => languageOf(it) in languages) ?? 'en';
  const texts = await languages[languageOf(tag)]().catch(() => null);
  locale = texts ? localeOf(tag, texts) : localeOf('en', english);
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
