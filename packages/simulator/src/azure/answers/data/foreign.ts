import type { Language } from './phrases.ts'

type Foreign = Exclude<Language, 'english'>

export interface ForeignRow {
  /** As in a topic's `ask`, in all languages. */
  readonly ask: RegExp
  readonly say: Readonly<Record<Foreign, string>>
}

/** What employees ask most, in the other languages that are answered in. */
export const foreignRows: readonly ForeignRow[] = [
  {
    ask: /parental|elternzeit|mutterschutz|congé (?:parental|maternité|paternité)|permiso (?:parental|de paternidad)|congedo/i,
    say: {
      german:
        'Die Elternzeit beträgt 16 Wochen bei vollem Gehalt. Beantragt wird sie im HR-Portal unter „Abwesenheiten“, spätestens acht Wochen vor dem geplanten Beginn. Sie kann am Stück oder in bis zu drei Abschnitten genommen werden, alle innerhalb der ersten 18 Monate.',
      french:
        'Le congé parental dure 16 semaines à plein salaire. La demande se fait dans le portail RH, rubrique « Absences », au moins huit semaines avant le début prévu. Il peut être pris en une fois ou en trois périodes au plus, au cours des 18 premiers mois.',
      spanish:
        'El permiso parental es de 16 semanas con el sueldo completo. Se solicita en el portal de RR. HH., apartado «Ausencias», al menos ocho semanas antes del inicio previsto. Puede tomarse de una vez o en tres periodos como máximo.',
      italian:
        'Il congedo parentale dura 16 settimane a stipendio pieno. Si richiede nel portale HR, alla voce «Assenze», almeno otto settimane prima dell’inizio previsto. Si può prendere in un’unica volta o in tre periodi al massimo.',
    },
  },
  {
    ask: /vacation|annual leave|holiday|leave|urlaub|vacances|congés?\b|vacaciones|ferie/i,
    say: {
      german:
        'Vollzeitkräfte haben 28 Urlaubstage im Jahr. Den Antrag stellen Sie im HR-Portal unter „Abwesenheiten“; Ihre Führungskraft entscheidet innerhalb von fünf Arbeitstagen. Bis zu fünf Resttage lassen sich bis zum 31. März ins neue Jahr mitnehmen.',
      french:
        'Les salariés à plein temps ont 28 jours de congé par an. La demande se fait dans le portail RH, rubrique « Absences » ; votre responsable décide sous cinq jours ouvrés. Cinq jours au plus peuvent être reportés jusqu’au 31 mars.',
      spanish:
        'El personal a tiempo completo tiene 28 días de vacaciones al año. Se piden en el portal de RR. HH., apartado «Ausencias», y su responsable decide en cinco días laborables. Hasta cinco días pueden pasarse al año siguiente, hasta el 31 de marzo.',
      italian:
        'Chi lavora a tempo pieno ha 28 giorni di ferie all’anno. La richiesta si fa nel portale HR, alla voce «Assenze», e il responsabile decide entro cinque giorni lavorativi. Fino a cinque giorni si possono usare entro il 31 marzo dell’anno dopo.',
    },
  },
  {
    ask: /\bsick|krank|malad|enferm|malatt/i,
    say: {
      german:
        'Gute Besserung! Melden Sie sich am ersten Tag vor 9:30 Uhr bei Ihrer Führungskraft. Ab dem vierten Kalendertag brauchen wir ein ärztliches Attest, das Sie im HR-Portal hochladen.',
      french:
        'Bon rétablissement ! Prévenez votre responsable le premier jour avant 9 h 30. À partir du quatrième jour, il faut un certificat médical, à déposer dans le portail RH.',
      spanish:
        '¡Que se mejore! Avise a su responsable el primer día antes de las 9:30. A partir del cuarto día hace falta un certificado médico, que se sube al portal de RR. HH.',
      italian:
        'Buona guarigione! Avvisi il suo responsabile il primo giorno prima delle 9:30. Dal quarto giorno serve un certificato medico, da caricare nel portale HR.',
    },
  },
  {
    ask: /salar|payslip|gehalt|lohn|paie|sueldo|nómina|stipendio|busta paga/i,
    say: {
      german:
        'Das Gehalt wird am 25. jedes Monats überwiesen, oder am letzten Arbeitstag davor. Die Abrechnung liegt ab dem 23. im HR-Portal unter „Gehalt“; eine neue Bankverbindung muss bis zum 10. eingetragen sein.',
      french:
        'Le salaire est versé le 25 de chaque mois, ou le dernier jour ouvré qui précède. La fiche de paie est dans le portail RH dès le 23 ; un nouveau compte bancaire doit être saisi avant le 10.',
      spanish:
        'El sueldo se paga el día 25 de cada mes, o el último día laborable anterior. La nómina está en el portal de RR. HH. a partir del 23; una cuenta nueva debe registrarse antes del día 10.',
      italian:
        'Lo stipendio viene versato il 25 di ogni mese, o l’ultimo giorno lavorativo prima. La busta paga è nel portale HR dal 23; un nuovo conto va inserito entro il 10.',
    },
  },
  {
    ask: /travel|trip|expense|dienstreise|reisekosten|spesen|voyage|déplacement|frais|viaje|gastos|viaggi|trasfert|spese/i,
    say: {
      german:
        'Dienstreisen werden zuerst von der Führungskraft genehmigt und dann über die Reisestelle gebucht. Hotels sind bis 150 Euro pro Nacht abgedeckt. Die Kosten rechnen Sie innerhalb von 30 Tagen im Reisetool ab, mit einem Foto jedes Belegs.',
      french:
        'Un déplacement est d’abord approuvé par le responsable, puis réservé par le service des voyages. L’hôtel est remboursé jusqu’à 150 euros la nuit. Les frais se déclarent sous 30 jours dans l’outil de voyage, avec une photo de chaque reçu.',
      spanish:
        'Un viaje lo aprueba primero su responsable y después se reserva con el departamento de viajes. El hotel se paga hasta 150 euros por noche. Los gastos se presentan en 30 días, con una foto de cada recibo.',
      italian:
        'La trasferta va approvata dal responsabile e poi prenotata con l’ufficio viaggi. L’albergo è coperto fino a 150 euro a notte. Le spese si presentano entro 30 giorni, con la foto di ogni ricevuta.',
    },
  },
  {
    ask: /password|passwort|kennwort|mot de passe|contraseña/i,
    say: {
      german:
        'Das Kennwort setzen Sie selbst auf der Self-Service-Seite mit Ihrem zweiten Faktor zurück; ein Ticket ist nicht nötig. Nach fünf Fehlversuchen ist das Konto für 15 Minuten gesperrt.',
      french:
        'Vous pouvez réinitialiser le mot de passe vous-même sur la page libre-service avec votre second facteur. Après cinq essais, le compte est bloqué pendant 15 minutes.',
      spanish:
        'Puede restablecer la contraseña usted mismo en la página de autoservicio con su segundo factor. Tras cinco intentos, la cuenta se bloquea durante 15 minutos.',
      italian:
        'Può reimpostare la password da solo nella pagina self-service con il secondo fattore. Dopo cinque tentativi l’account resta bloccato per 15 minuti.',
    },
  },
  {
    ask: /meeting room|besprechungsraum|raum|\bsalle\b|réunion|\bsala\b|reunión|riunione/i,
    say: {
      german:
        'Einen Raum buchen Sie im Kalender: neue Besprechung, dann „Raumsuche“ und das Gebäude wählen. Räume, in denen nach zehn Minuten niemand eingecheckt hat, werden wieder frei.',
      french:
        'Pour réserver une salle, ouvrez le calendrier : nouvelle réunion, puis « Rechercher une salle » et le bâtiment. Une salle où personne ne s’est présenté après dix minutes redevient libre.',
      spanish:
        'Para reservar una sala, abra el calendario: nueva reunión, después «Buscar sala» y el edificio. Si nadie llega en diez minutos, la sala queda libre otra vez.',
      italian:
        'Per prenotare una sala apra il calendario: nuova riunione, poi «Trova sala» e l’edificio. Se dopo dieci minuti non c’è nessuno, la sala torna libera.',
    },
  },
]

/** For what nobody knows: says so, says what would help, and asks one thing. `{topic}` is the question's own phrase. */
export const foreignUnknown: Readonly<Record<Foreign, readonly string[]>> = {
  german: [
    'Zu „{topic}“ habe ich keine verlässlichen Angaben und möchte nicht raten. Wenn Sie mir einen Text oder ein paar Eckdaten dazu geben, werte ich sie gern aus. Worum geht es Ihnen dabei vor allem?',
    'Bei „{topic}“ bin ich mir nicht sicher genug für eine Auskunft. Am schnellsten hilft die Stelle, die dafür zuständig ist; die Anfrage dorthin kann ich Ihnen formulieren. An wen soll sie gehen?',
  ],
  french: [
    'Je n’ai pas d’information fiable sur « {topic} » et je préfère ne pas deviner. Si vous me donnez un texte ou quelques éléments, je peux les analyser. Que cherchez-vous à savoir avant tout ?',
    'Sur « {topic} », je ne suis pas assez sûr pour vous répondre. Le plus rapide est de demander au service concerné ; je peux rédiger la demande. À qui doit-elle être adressée ?',
  ],
  spanish: [
    'No tengo datos fiables sobre «{topic}» y prefiero no adivinar. Si me da un texto o algunos detalles, puedo analizarlos. ¿Qué es lo que más le interesa saber?',
    'Sobre «{topic}» no estoy bastante seguro para darle una respuesta. Lo más rápido es preguntar al departamento responsable; puedo redactar la consulta. ¿A quién debe ir dirigida?',
  ],
  italian: [
    'Non ho dati affidabili su «{topic}» e preferisco non tirare a indovinare. Se mi dà un testo o qualche dettaglio, posso esaminarlo. Che cosa le interessa soprattutto?',
    'Su «{topic}» non sono abbastanza sicuro per darle una risposta. La via più rapida è chiedere all’ufficio competente; posso scrivere io la richiesta. A chi va indirizzata?',
  ],
}
