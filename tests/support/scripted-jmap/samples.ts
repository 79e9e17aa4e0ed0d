/** Invented correspondence of a medical practice, for screens and pictures. No person in it exists. */
import { ScriptedBox } from "../scripted-jmap.ts";

const people = [
  ["Dr Bruno Bernard", "bruno.bernard@beta.mssante.test"],
  ["Laboratoire du Parc", "resultats@labo-du-parc.mssante.test"],
  ["Clinique Bêta – Secrétariat de cardiologie", "cardiologie@beta.mssante.test"],
  ["Dr Hélène Œuvrard", "helene.oeuvrard@gamma.mssante.test"],
  ["Imagerie Saint-Roch", "comptes-rendus@imagerie-st-roch.mssante.test"],
  ["Dr Gaëlle Girard", "gaelle.girard@gamma.mssante.test"],
] as const;

const subjects = [
  [
    "Compte rendu d'hospitalisation – M. D.",
    "Cher confrère, veuillez trouver ci-joint le compte rendu d'hospitalisation de votre patient, sorti ce jour avec un relais par anticoagulants oraux directs.",
  ],
  [
    "Résultats de biologie du 19/11",
    "Hémoglobine 11,2 g/dL, ferritine 9 µg/L, CRP 4 mg/L. Les résultats complets sont joints au format PDF.",
  ],
  [
    "Demande d'avis : électroencéphalogramme anticonstitutionnellement long à interpréter",
    "Bonjour, pourriez-vous me donner votre avis sur le tracé joint ? La patiente a présenté deux épisodes en quinze jours.",
  ],
  [
    "Échographie cardiaque : conclusion",
    "Fraction d'éjection conservée à 58 %, pas de valvulopathie significative, contrôle à un an.",
  ],
  [
    "Rendez-vous de consultation déplacé",
    "Le rendez-vous du mardi est reporté au jeudi 26 novembre à 14 h 30. Merci d'en informer la patiente.",
  ],
  [
    "Ordonnance de sortie et lettre de liaison",
    "Vous trouverez l'ordonnance de sortie ainsi que la lettre de liaison. Retrait des fils prévu à J+12 par une infirmière à domicile.",
  ],
  ["IRM du genou droit", "Lésion méniscale interne de grade 3. Compte rendu et images clés en pièce jointe."],
] as const;

export const htmlLetter = `<html><head><style>p{color:red}</style></head><body>
<p>Cher confrère,</p><p>Je vous remercie de m'avoir adressé <strong>Mme&nbsp;L.</strong>, 64 ans, pour un bilan de dyspnée d'effort.</p>
<table border="1" cellpadding="6" style="border-collapse:collapse"><tr><th>Examen</th><th>Résultat</th></tr>
<tr><td>Échographie</td><td>FEVG 58&nbsp;%</td></tr><tr><td>NT-proBNP</td><td>112&nbsp;ng/L</td></tr></table>
<p>Conduite à tenir : poursuite du traitement, contrôle dans six mois.</p>
<img src="https://traceur.example.test/pixel.gif" width="1" height="1"><img src="cid:logo" width="90" alt="Logo de la clinique">
<p>Bien confraternellement,<br>Dr Hélène Œuvrard</p><script>document.title="pwned"</script></body></html>`;

const png = Uint8Array.from(
  atob(
    "iVBORw0KGgoAAAANSUhEUgAAAB4AAAADCAIAAAALGiiwAAAAEklEQVR42mPgjqmlEWIYkkYDAJjHUCmErrn0AAAAAElFTkSuQmCC",
  ),
  (letter) => letter.charCodeAt(0),
);

/** Fills a box with `count` received messages, newest first, and a few elsewhere. */
export function fillBox(box: ScriptedBox, count: number, now = Date.now()): ScriptedBox {
  for (let index = count - 1; index >= 0; index--) {
    const [name, email] = people[index % people.length]!;
    const [subject, preview] = subjects[index % subjects.length]!;
    const isLetter = index % 7 === 3;
    const attachments = index % 3 === 0
      ? [
        {
          partId: "a",
          blobId: "pdf",
          size: 184_320,
          name: "Compte-rendu.pdf",
          type: "application/pdf",
          disposition: "attachment",
          cid: null,
        },
        {
          partId: "b",
          blobId: "pdf",
          size: 4_928_307,
          name: "Électroencéphalogramme_de_longue_durée_avec_annotations_2026-11-19.pdf",
          type: "application/pdf",
          disposition: "attachment",
          cid: null,
        },
      ]
      : [];
    const inline = {
      partId: "l",
      blobId: "logo",
      size: 95,
      name: "logo.png",
      type: "image/png",
      disposition: "inline",
      cid: "logo",
    };
    const text = {
      partId: "t",
      blobId: "t",
      size: 400,
      name: null,
      type: "text/plain",
      disposition: null,
      cid: null,
    };
    const html = {
      partId: "h",
      blobId: "h",
      size: 900,
      name: null,
      type: "text/html",
      disposition: null,
      cid: null,
    };
    box.deliver(
      {
        from: [{ name, email }],
        to: [{ name: "Dr Anne Allard", email: box.address }, {
          name: null,
          email: "secretariat@alpha.mssante.test",
        }],
        subject: count > 500 ? `${subject} (n° ${index + 1})` : subject,
        preview,
        receivedAt: new Date(now - index * 3_700_000 - (index > 6 ? 20 * 86_400_000 : 0)).toISOString(),
        keywords: {
          ...(index % 4 !== 0 || index > 40 ? { $seen: true } : {}),
          ...(index % 9 === 2 ? { $flagged: true } : {}),
          ...(index % 11 === 5 ? { $answered: true } : {}),
        },
        hasAttachment: attachments.length > 0,
        attachments: isLetter ? [...attachments, inline] : attachments,
        textBody: isLetter ? [html] : [text],
        htmlBody: isLetter ? [html] : [text],
        bodyValues: isLetter ? { h: { value: htmlLetter, isTruncated: false } } : {
          t: {
            value:
              `Bonjour,\n\n${preview}\n\nDocument en ligne : https://annuaire.sante.fr/aide\n\nBien confraternellement,\n${name}\n\n> Le 18 novembre, vous écriviez :\n> Merci de me tenir informée.\n`,
            isTruncated: false,
          },
        },
      },
      "inbox",
      true,
    );
  }
  box.blobs.set("logo", { bytes: png, type: "image/png" });
  box.blobs.set("pdf", { bytes: new TextEncoder().encode("%PDF-1.4\n"), type: "application/pdf" });
  const consultations = box.addFolder("Consultations et comptes rendus opératoires de chirurgie", null, null);
  box.addFolder("2025", null, consultations);
  return box;
}
