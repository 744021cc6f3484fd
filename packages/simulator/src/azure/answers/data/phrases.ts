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

export const jokes: readonly string[] = [
  'Why do programmers prefer dark mode? Because light attracts bugs.',
  'A colleague asked for a meeting to shorten our meetings. It has been extended by half an hour.',
  'There are ten kinds of people: those who read binary and those who do not.',
]
