"""The first rules of what may not be asked for. Admins change them, and add theirs."""

from typing import Any

from django.db import migrations

AGES = ", ".join(
    f"{age} {after}"
    for age in range(1, 18)
    for after in ("year old", "years old", "yr old", "yo", "ans")
) + ", " + ", ".join(f"{age}yo, aged {age}, age {age}" for age in range(1, 18))

CHILDREN = (
    "child, children, kid, kids, kiddie, minor, minors, underage, under age, toddler*, infant*, "
    "baby, babies, preteen*, pre teen*, tween, tweens, teen, teens, teenage*, little girl*, "
    "young girl*, small girl*, little boy*, young boy*, small boy*, schoolgirl*, school girl*, "
    "schoolboy*, school boy*, loli, lolis, lolita, shota, "
    "enfant*, gamin*, fillette*, garçonnet*, petite fille, petites filles, petit garçon, "
    "petits garçons, jeune fille, jeunes filles, jeune garçon, jeunes garçons, ado, ados, "
    "adolescent*, mineur*, bébé*, bambin*, écolier*, écolière*, collégien*, lycéen*"
)
EXPLICIT = (
    "naked, nude, nudes, nudity, nudist*, unclothed, undress*, topless, nsfw, porn*, hentai, sex, "
    "sexual*, erotic*, xxx, genital*, penis*, vagina*, vulva, breasts, boobs, blowjob*, handjob*, "
    "orgasm*, orgy, masturbat*, fetish*, incest*, "
    "nu, nue, nus, nues, dénud*, déshabill*, sexe, sexuel*, érotique*, seins, pénis, vagin*, "
    "fellation*, masturb*, partouze*"
)
SUGGESTIVE = (
    "sexy, seductive*, sensual*, lingerie, striptease*, stripping, thong, "
    "sensuel*, aguich*, séducteur*, séductrice*"
)
HARMLESS = (
    "naked mole rat, naked mole rats, naked eye, naked cake, naked cakes, naked tree, naked trees, "
    "nude dress, nude heels, nude lipstick, nude makeup, nude colour, nude color, nude tones, "
    "sex education, sexual education, sexual health, same sex, sex pistols, sex and the city, "
    "sex on the beach, "
    "nu metal, nu jazz, nu disco, pieds nus, pied nu, nu pieds, tête nue, têtes nues, torse nu, "
    "torses nus, bras nus, jambes nues, mains nues, épaules nues, œil nu, arbre nu, arbres nus, "
    "branches nues, mur nu, murs nus, éducation sexuelle, santé sexuelle, même sexe"
)
GIRLS_AND_BOYS = "girl, girls, boy, boys, fille, filles, garçon, garçons"

KNOWN_PEOPLE = (
    "taylor swift, emma watson, scarlett johansson, ariana grande, billie eilish, selena gomez, "
    "jenna ortega, zendaya, beyonce, rihanna, kim kardashian, jennifer lawrence, gal gadot, "
    "margot robbie, sydney sweeney, natalie portman, angelina jolie, millie bobby brown, "
    "greta thunberg, marion cotillard, léa seydoux, emma mackey, aya nakamura, donald trump, "
    "melania trump, joe biden, kamala harris, alexandria ocasio cortez, elon musk, "
    "vladimir putin, vladimir poutine, emmanuel macron, brigitte macron, marine le pen, "
    "king charles, kate middleton, meghan markle, pope francis, pope leo"
)
PEOPLE_BY_ROLE = (
    "my ex, ex girlfriend, ex boyfriend, ex wife, ex husband, my girlfriend, my boyfriend, "
    "my wife, my husband, my neighbour, my neighbor, my classmate, my coworker, my co worker, "
    "my colleague, my boss, my teacher, my sister, my brother, my mother, celebrity, celebrities, "
    "actress, actresses, prime minister, president, "
    "mon ex, ma copine, mon copain, ma femme, mon mari, ma voisine, mon voisin, ma collègue, "
    "mon collègue, ma camarade, ma prof, mon prof, ma patronne, mon patron, ma sœur, mon frère, "
    "ma mère, célébrité*, actrice*, premier ministre, première ministre, président, présidente"
)

PEOPLES_EN = (
    "jew, jews, jewish people, muslim, muslims, arabs, blacks, black people, africans, asians, "
    "whites, white people, gays, gay people, homosexuals, lesbians, trans people, "
    "transgender people, immigrants, migrants, refugees, gypsies, roma, christians, hindus, "
    "disabled people"
)
PEOPLES_FR = (
    "juifs, juives, musulmans, musulmanes, arabes, noirs, africains, asiatiques, blancs, gays, "
    "homosexuels, homosexuelles, lesbiennes, trans, immigrés, migrants, réfugiés, roms, tsiganes, "
    "gitans, chrétiens, hindous, handicapés"
)

RULES: tuple[dict[str, str], ...] = (
    {
        "name": "Minors in sexual scenes",
        "category": "minors",
        "language": "any",
        "pattern": f"{CHILDREN}, {AGES} + {EXPLICIT}, {SUGGESTIVE}",
        "unless": HARMLESS,
    },
    {
        "name": "Girls and boys, naked",
        "category": "minors",
        "language": "any",
        "pattern": f"{GIRLS_AND_BOYS} + {EXPLICIT}",
        "unless": HARMLESS,
        "reason_en": "A girl or a boy may be a child: naked or in a sexual scene, neither is drawn "
        "here. Nothing was counted.",
        "reason_fr": "Une fille ou un garçon peut être un enfant\u00a0: ce site ne les dessine ni "
        "nus ni dans une scène sexuelle. Rien n’a été décompté.",
    },
    {
        "name": "Child abuse by its names",
        "category": "minors",
        "language": "any",
        "pattern": "child porn*, childporn*, kid porn*, kiddie porn*, teen porn*, lolicon, "
        "shotacon, jailbait, csam, pedophil*, paedophil*, pedoporn*, pédocriminel*",
    },
    {
        "name": "Sexual violence, English",
        "category": "sexual_violence",
        "language": "en",
        "pattern": "rape, rapes, raped, raping, rapist, rapists, gangrape*, molest, molests, "
        "molested, molesting, molester*, sexual assault*, sexually assault*, sexual abuse, "
        "sexually abus*, sex slave*, sexual slave*, forced sex, forced to have sex, "
        "non consensual sex, nonconsensual sex, sexual torture",
        "unless": "oilseed rape, rape seed, rape field, rape fields, field of rape, "
        "fields of rape, rape flower, rape flowers, rape blossom, rape of the sabine, "
        "rape of the sabines, rape of the lock, rape of europa, rape of proserpina, râpe, râpes, "
        "râpé, râpés, fromage rapé, gruyère rapé, emmental rapé, parmesan rapé, coco rapé",
    },
    {
        "name": "Sexual violence, French",
        "category": "sexual_violence",
        "language": "fr",
        "pattern": "viol, viols, violer, violée, violées, violeur*, agression sexuelle, "
        "agressions sexuelles, agressé sexuellement, agressée sexuellement, "
        "agresser sexuellement, abus sexuel*, abuser sexuellement, esclave sexuel*, "
        "esclaves sexuel*, rapport sexuel forcé, rapports sexuels forcés",
        "unless": "bass viol, treble viol, viol consort, consort of viols, violer la loi, "
        "violer les règles, violer un secret",
    },
    {
        "name": "Sexual pictures of well-known people",
        "category": "real_people",
        "language": "any",
        "pattern": f"{KNOWN_PEOPLE} + {EXPLICIT}, lingerie",
        "unless": HARMLESS,
    },
    {
        "name": "Sexual pictures of people one knows",
        "category": "real_people",
        "language": "any",
        "pattern": f"{PEOPLE_BY_ROLE} + {EXPLICIT}",
        "unless": HARMLESS,
    },
    {
        "name": "Undressing without consent",
        "category": "real_people",
        "language": "any",
        "pattern": "deepnude*, nudify*, undress her, undress him, remove her clothes, "
        "deepfake porn*, deepfake nude*, nude deepfake*, porn deepfake*, revenge porn*, upskirt*, "
        "hidden camera porn*, déshabille la, déshabille cette, déshabiller cette, "
        "enlève ses vêtements, deepfake porno*, deepfake nu, deepfake nue",
    },
    {
        "name": "Torture and gore, English",
        "category": "cruelty",
        "language": "en",
        "pattern": "gore, gory, behead, beheads, beheaded, beheading*, decapitat*, disembowel*, "
        "dismember*, eviscerat*, mutilat*, torture, tortures, tortured, torturing, torturer*, "
        "skinned alive, flayed alive, burned alive, burnt alive, burning alive, severed head*, "
        "severed limb*, spilled guts, spilling guts, guts spilling, snuff film*, snuff video*, "
        "animal cruelty",
        "unless": "gore tex, al gore, gore vidal, lesley gore, gore verbinski, tortured poets, "
        "tortured artist, tortured soul",
    },
    {
        "name": "Torture and gore, French",
        "category": "cruelty",
        "language": "fr",
        "pattern": "égorg*, décapit*, démembr*, éviscér*, éventration*, mutil*, tortur*, "
        "écorché vif, écorchée vive, brûlé vif, brûlée vive, brûlés vifs, brûlées vives, "
        "tête tranchée, têtes tranchées, tête coupée, têtes coupées, tripes à l'air, "
        "boyaux à l'air, cruauté envers les animaux",
    },
    {
        "name": "Calls to kill a people, English",
        "category": "hate",
        "language": "en",
        "pattern": "kill all, kill every, kill the jew, kill the jews, death to, exterminate*, "
        f"gas the, gas all, lynch the, eradicate the, ethnic cleansing + {PEOPLES_EN}",
    },
    {
        "name": "Calls to kill a people, French",
        "category": "hate",
        "language": "fr",
        "pattern": "mort aux, tuer tous les, tuez tous les, tuons les, exterminer les, "
        "exterminez les, exterminons les, gazer les, gazez les, lyncher les, lynchez les, "
        f"nettoyage ethnique + {PEOPLES_FR}",
        "unless": "mort aux rats",
    },
    {
        "name": "Propaganda of hatred and terror, English",
        "category": "hate",
        "language": "en",
        "pattern": "heil hitler, sieg heil, hitler was right, white power, white supremac*, "
        "race war, nazi propaganda, nazi recruitment, nazi recruiting, isis propaganda, "
        "isis recruitment, isis recruiting, al qaeda propaganda, al qaeda recruitment, "
        "jihadist propaganda, jihadi propaganda, terrorist propaganda, terrorist recruitment, "
        "terror propaganda, join isis, join al qaeda, join the jihad, how to make a bomb, "
        "how to build a bomb, pipe bomb instruction*, bomb making instruction*",
    },
    {
        "name": "Propaganda of hatred and terror, French",
        "category": "hate",
        "language": "fr",
        "pattern": "vive hitler, propagande nazie, propagande djihadiste, propagande terroriste, "
        "propagande de daech, recrutement nazi, recrutement djihadiste, recrutement de daech, "
        "rejoins daech, rejoignez daech, rejoindre daech, rejoins le djihad, "
        "rejoignez le djihad, rejoindre le djihad, suprémaci* blanche, suprémaci* blanc, "
        "suprémacistes blancs, guerre raciale, guerre des races, comment faire une bombe, "
        "comment fabriquer une bombe, fabriquer une bombe artisanale",
    },
)


def seed(apps: Any, schema_editor: Any) -> None:
    rules = apps.get_model("generation", "PromptRule").objects.using(schema_editor.connection.alias)
    for columns in RULES:
        rules.get_or_create(name=columns["name"], defaults=columns)


class Migration(migrations.Migration):
    dependencies = [("generation", "0005_prompt_rules")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop, elidable=False)]
