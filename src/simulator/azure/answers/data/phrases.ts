/** Phrases that are translated as a whole, in the order of `languages`. */
export const languages = ['english', 'german', 'french', 'spanish', 'italian'] as const
export type Language = (typeof languages)[number]

export const phrasebook: readonly (readonly string[])[] = [
  ['good morning', 'guten Morgen', 'bonjour', 'buenos días', 'buongiorno'],
  ['good evening', 'guten Abend', 'bonsoir', 'buenas tardes', 'buonasera'],
  ['good night', 'gute Nacht', 'bonne nuit', 'buenas noches', 'buona notte'],
  ['hello', 'hallo', 'bonjour', 'hola', 'ciao'],
  ['goodbye', 'auf Wiedersehen', 'au revoir', 'adiós', 'arrivederci'],
  ['thank you very much', 'vielen Dank', 'merci beaucoup', 'muchas gracias', 'grazie mille'],
  ['thank you', 'danke', 'merci', 'gracias', 'grazie'],
  ['please', 'bitte', 's’il vous plaît', 'por favor', 'per favore'],
  ['how are you', 'wie geht es Ihnen', 'comment allez-vous', '¿cómo está usted?', 'come sta'],
  ['where is the station', 'wo ist der Bahnhof', 'où est la gare', '¿dónde está la estación?', 'dov’è la stazione'],
  ['the meeting', 'die Besprechung', 'la réunion', 'la reunión', 'la riunione'],
  ['i love you', 'ich liebe dich', 'je t’aime', 'te quiero', 'ti amo'],
  ['my name is', 'ich heiße', 'je m’appelle', 'me llamo', 'mi chiamo'],
  ['see you tomorrow', 'bis morgen', 'à demain', 'hasta mañana', 'a domani'],
  ['welcome', 'willkommen', 'bienvenue', 'bienvenido', 'benvenuto'],
  ['tomorrow', 'morgen', 'demain', 'mañana', 'domani'],
  ['today', 'heute', 'aujourd’hui', 'hoy', 'oggi'],
  ['yes', 'ja', 'oui', 'sí', 'sì'],
  ['no', 'nein', 'non', 'no', 'no'],
  ['cat', 'Katze', 'chat', 'gato', 'gatto'],
  ['dog', 'Hund', 'chien', 'perro', 'cane'],
  ['house', 'Haus', 'maison', 'casa', 'casa'],
  ['world', 'Welt', 'monde', 'mundo', 'mondo'],
  ['the', 'die', 'la', 'la', 'la'],
  ['is', 'ist', 'est', 'es', 'è'],
  ['and', 'und', 'et', 'y', 'e'],
]

/** Answers in languages other than English: built around the question's own topic, `{topic}`. */
export const foreign: Readonly<
  Record<
    Exclude<Language, 'english'>,
    { readonly openings: readonly string[]; readonly points: readonly string[]; readonly endings: readonly string[] }
  >
> = {
  german: {
    openings: ['Gern, zu „{topic}“ das Wichtigste in Kürze:', 'Bei „{topic}“ kommt es vor allem auf drei Dinge an.'],
    points: [
      'Zuerst sollte klar sein, welches Ziel erreicht werden soll und wer darüber entscheidet.',
      'Die geltenden Regeln stehen im Intranet und werden dort auch aktualisiert.',
      'Fristen und Zuständigkeiten sollten von Anfang an schriftlich festgehalten werden.',
      'Im Zweifel hilft die zuständige Abteilung innerhalb von zwei Arbeitstagen weiter.',
    ],
    endings: [
      'Wenn Sie mir mehr über Ihren Fall sagen, kann ich genauer antworten.',
      'Soll ich einen Punkt davon vertiefen?',
    ],
  },
  french: {
    openings: [
      'Volontiers. Au sujet de « {topic} », voici l’essentiel :',
      'Pour « {topic} », trois points comptent surtout.',
    ],
    points: [
      'Il faut d’abord préciser le but recherché et la personne qui décide.',
      'Les règles en vigueur se trouvent sur l’intranet, où elles sont tenues à jour.',
      'Mieux vaut fixer par écrit, dès le début, les délais et les responsabilités.',
      'En cas de doute, le service compétent répond sous deux jours ouvrés.',
    ],
    endings: [
      'Si vous m’en dites plus sur votre cas, je peux être plus précis.',
      'Souhaitez-vous que je détaille un de ces points ?',
    ],
  },
  spanish: {
    openings: [
      'Con gusto. Sobre «{topic}», lo esencial es esto:',
      'En cuanto a «{topic}», importan sobre todo tres cosas.',
    ],
    points: [
      'Primero conviene aclarar qué objetivo se busca y quién decide.',
      'Las normas vigentes están en la intranet y allí se actualizan.',
      'Es mejor fijar por escrito, desde el principio, los plazos y las responsabilidades.',
      'En caso de duda, el departamento responsable contesta en dos días laborables.',
    ],
    endings: ['Si me cuenta más sobre su caso, puedo ser más preciso.', '¿Quiere que detalle alguno de estos puntos?'],
  },
  italian: {
    openings: ['Volentieri. Su «{topic}», in breve:', 'Per «{topic}» contano soprattutto tre cose.'],
    points: [
      'Prima di tutto va chiarito quale obiettivo si vuole raggiungere e chi decide.',
      'Le regole in vigore sono nella intranet, dove vengono aggiornate.',
      'Conviene fissare per iscritto, fin dall’inizio, scadenze e responsabilità.',
      'In caso di dubbio, l’ufficio competente risponde entro due giorni lavorativi.',
    ],
    endings: [
      'Se mi dice di più sul suo caso, posso essere più preciso.',
      'Vuole che approfondisca uno di questi punti?',
    ],
  },
}

export const jokes: readonly string[] = [
  'Why do programmers prefer dark mode? Because light attracts bugs.',
  'A colleague asked for a meeting to shorten our meetings. It has been extended by half an hour.',
  'There are ten kinds of people: those who read binary and those who do not.',
]

/** Frames for questions that no row knows; `{topic}` is the question's own phrase, `{word}` and `{other}` two of its words. */
export const frames = {
  explaining: {
    openings: ['A short answer on {topic}.', '{topic}, in brief:', 'Let me explain {topic} in a few sentences.'],
    points: [
      'It is best understood from three sides: what it is for, how it works, and where its limits are.',
      'An example says more than a definition here: take one case of {topic} from your own surroundings and follow it from beginning to end.',
      'Much of what is said about {topic} depends on the setting, so it helps to name that first.',
      'What matters in practice is less the name than the effect that {topic} has on those who deal with it.',
      'Views on {topic} have changed over time, and older sources should be read with their date in mind.',
      'Where “{word}” and “{other}” are mixed up, ask which of the two brings about the other.',
    ],
    endings: [
      'Which side of {topic} would you like to look at more closely?',
      'If you tell me what you need it for, I can be more specific.',
    ],
  },
  advising: {
    openings: [
      'Here is how I would go about {topic}.',
      'For {topic}, a few points matter most.',
      'Let me take {topic} step by step.',
    ],
    points: [
      'Begin with the result that you want, and write down how you will see that it is reached.',
      'Look at one example of {topic} that worked, and note what was different from your own situation.',
      'Try it on a small scale first: a week of real use tells more than a long discussion.',
      'Collect the open questions about {topic} in one place, and decide the three that block the others.',
      'Settle early who is responsible, above all where “{word}” touches other people’s work.',
      'Set the effort beside what it brings, in hours and in money, before you go on.',
    ],
    endings: [
      'Shall I turn this into a short checklist?',
      'If there is a deadline, I would plan backwards from it.',
      'I can go deeper into any of these points.',
    ],
  },
} as const
