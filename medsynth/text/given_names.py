"""Common given names and surnames of English, to find names of persons without a title.

Drawn up by us from what is common in the United States and Britain; names that are also words (mark, will,
grace, may, hope, rose, art, bill, sue) are left out, for they need more than a list to be told.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


GIVEN_NAMES = _words(
    """
    aaron abigail adam adrian adriana agnes aidan alan albert alejandro alex alexander alexandra alexis
    alice alicia alison allison amanda amber amelia amy ana andrea andrew andy angela angelina anita ann
    anna anne annette annie anthony antonio arthur ashley audrey barbara barry beatrice becky ben
    benjamin bernard beth betty beverly bob bobby bonnie brad bradley brandon brenda brent brian
    brittany bruce bryan caitlin calvin cameron carl carla carlos carmen carol caroline carolyn
    catherine cathy charles charlie charlotte cheryl chloe chris christian christina christine
    christopher cindy claire clara clarence colin connie connor corey courtney craig crystal curtis
    cynthia daisy dan dana daniel danielle danny daryl dave david dean deborah debbie debra denise
    dennis derek diana diane dominic don donald donna dorothy doug douglas duncan dylan earl ed eddie
    edith edward edwin eileen elaine eleanor elena elijah elizabeth ella ellen elliott emily emma eric
    erica erik erin ernest ethan eugene eva evan evelyn fiona florence frances francis francisco fred
    frederick gabriel gail gary gavin geoffrey george gerald geraldine gina gladys glen glenn gloria
    gordon greg gregory hannah harold harriet harry harvey heather hector heidi helen henry herbert
    holly howard hugh ian irene isaac isabel isabella isaiah jack jackie jacob jacqueline jake james
    jamie jane janet janice jared jasmine jason javier jay jean jeff jeffrey jenna jennifer jenny jeremy
    jerome jerry jesse jessica jill jim jimmy joan joanna joanne joe joel john johnny jon jonathan
    jordan jorge jose joseph josephine joshua joyce juan juanita judith judy julia julian julie justin
    karen karl kate katherine kathleen kathryn kathy katie katrina kayla keith kelly ken kenneth kevin
    kim kimberly kristen kristin kyle larry laura lauren laurie lawrence leah leo leon leonard leroy
    leslie liam lillian linda lisa lloyd logan lois lori louis louise lucas lucy luis luke lydia lynn
    madison marcus margaret maria marie marilyn mario marion marjorie marlene martha martin marvin mary
    mason matthew maureen maurice max megan melanie melinda melissa melvin michael michelle miguel mike
    mildred mitchell mohammed molly monica nancy naomi natalie nathan nathaniel neil nelson nicholas
    nicole nina noah noel nora norma norman oliver olivia omar oscar owen pamela patricia patrick paul
    paula pauline pedro peggy penny peter philip phillip phyllis rachel ralph ramona randy raymond
    rebecca regina renee rhonda ricardo richard rick ricky rita rob robert roberta roberto robin rodney
    roger roland ron ronald rosemary ross roy ruby russell ruth ryan sabrina sally sam samantha samuel
    sandra sara sarah scott sean sebastian seth shane shannon sharon shawn sheila shelley sherry shirley
    simon sofia sophia sophie spencer stacey stacy stanley stella stephanie stephen steve steven stewart
    stuart susan suzanne sylvia tamara tammy tanya tara ted teresa terry theodore theresa thomas tiffany
    tim timothy tina todd tom tommy toni tony tracey tracy travis trevor tyler valerie vanessa vera
    vernon veronica vicki vickie victor victoria vincent violet virginia vivian walter wanda warren
    wayne wendy wesley william willie yolanda yvonne zachary zoe
    """
)
SURNAMES = _words(
    """
    adams alexander allen alvarez anderson bailey baker barnes bell bennett brooks brown bryant butler
    campbell carter castillo chavez clark coleman collins cooper cox cruz davis diaz edwards evans
    fisher flores ford foster garcia gibson gomez gonzalez graham gray green griffin gutierrez hall
    hamilton harris harrison hayes henderson hernandez hill howard hughes jackson jenkins jimenez
    johnson jones jordan kelly kennedy kim king lee lewis lopez marshall martin martinez mcdonald
    mendoza miller mitchell moore morales morgan morris murphy murray myers nelson nguyen ortiz owens
    parker patel patterson perez perry peterson phillips powell price ramirez ramos reed reyes reynolds
    richardson rivera roberts robinson rodriguez rogers romero ross ruiz russell sanchez sanders scott
    simmons smith stevens stewart sullivan taylor thomas thompson torres turner vasquez walker wallace
    ward washington watson west white williams wilson wood woods wright young
    """
)
