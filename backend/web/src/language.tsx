import type { Language } from "./address";
import { chooseLanguage, language, messages } from "./store";

const NAMES: Record<Language, string> = { id: "Bahasa Indonesia", en: "English" };

export function LanguageSwitch() {
  return (
    <div class="switch" role="group" aria-label={messages.value.language}>
      {(Object.keys(NAMES) as Language[]).map((one) => (
        <button
          key={one}
          type="button"
          lang={one}
          title={NAMES[one]}
          aria-label={NAMES[one]}
          aria-pressed={language.value === one}
          onClick={() => chooseLanguage(one)}
        >
          {one.toUpperCase()}
        </button>
      ))}
    </div>
  );
}
