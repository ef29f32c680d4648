"""The index of all approvals, and who may decide: the tables and functions of the schema `access`.

Each service has its proposals, votes and decisions in its own schema (`services/kit/approvals`).
Triggers there call the functions here, which run with the rights of the owner: they number the
proposals of all services, copy them for the one queue, and refuse a vote by a person who may not
decide. So a client with a service's rights can pass neither.

Relations, limits, committee and people on call are of the version of the directory that two people
activated last. Without one, everybody with the role decides.
"""

INDEX = """
CREATE SEQUENCE access.approval_number;
CREATE TABLE access.approval_entry (
    id           bigint PRIMARY KEY,
    service      text NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    subject      text COLLATE "C" NOT NULL,
    terms        json NOT NULL,
    before       json NOT NULL,
    after        json NOT NULL,
    effect       text NOT NULL,
    digest       bytea NOT NULL,
    borrower_id  text,
    amount       numeric,
    currency     text,
    barred       text[] NOT NULL,
    deciders     text[] NOT NULL,
    needed       integer NOT NULL,
    needed_to_reject integer NOT NULL,
    by_committee boolean NOT NULL,
    reason       text NOT NULL,
    proposed_by  text COLLATE "C" NOT NULL,
    proposed_at  timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    outcome      text,
    decided_by   text COLLATE "C",
    decided_at   timestamptz,
    decision_reason text
);
COMMENT ON TABLE access.approval_entry IS 'the proposals of all services, copied by triggers';
CREATE INDEX approval_entry_open ON access.approval_entry (expires_at) WHERE outcome IS NULL;
CREATE INDEX approval_entry_borrower ON access.approval_entry (borrower_id);

CREATE TABLE access.approval_vote (
    proposal_id  bigint NOT NULL REFERENCES access.approval_entry,
    person_id    text COLLATE "C" NOT NULL REFERENCES access.person,
    approves     boolean NOT NULL,
    is_emergency boolean NOT NULL,
    reason       text NOT NULL,
    voted_at     timestamptz NOT NULL,
    PRIMARY KEY (proposal_id, person_id)
);
COMMENT ON TABLE access.approval_vote IS 'the votes of all services, copied by triggers';

CREATE TABLE access.conflict_of_interest (
    proposal_id bigint NOT NULL REFERENCES access.approval_entry,
    person_id   text COLLATE "C" NOT NULL REFERENCES access.person,
    reason      text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    declared_at timestamptz NOT NULL,
    PRIMARY KEY (proposal_id, person_id)
);
COMMENT ON TABLE access.conflict_of_interest IS
    'who declared a conflict and so decides nothing about the proposal and its borrower';

CREATE TABLE access.decision_rights (
    version   bigint PRIMARY KEY REFERENCES access.approval_entry,
    committee text[] NOT NULL,
    on_call   text[] NOT NULL
);
COMMENT ON TABLE access.decision_rights IS
    'one row for each activated directory: the number of its approval';
CREATE TABLE access.person_relation (
    version    bigint NOT NULL REFERENCES access.decision_rights,
    person_id  text COLLATE "C" NOT NULL,
    related_id text COLLATE "C" NOT NULL,
    why        text NOT NULL,
    PRIMARY KEY (version, person_id, related_id)
);
COMMENT ON TABLE access.person_relation IS
    'the related one decides nothing that the person proposed';
CREATE TABLE access.approval_limit (
    version   bigint NOT NULL REFERENCES access.decision_rights,
    person_id text COLLATE "C" NOT NULL,
    amount    numeric NOT NULL CHECK (amount >= 0),
    currency  text NOT NULL,
    PRIMARY KEY (version, person_id)
);
COMMENT ON TABLE access.approval_limit IS 'up to which amount a person decides without a committee';
"""
APPEND_ONLY = (
    "approval_vote",
    "conflict_of_interest",
    "decision_rights",
    "person_relation",
    "approval_limit",
)
RIGHTS = """
GRANT INSERT ON access.conflict_of_interest TO {roles};
REVOKE ALL ON FUNCTION access.replace_decision_rights FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.replace_decision_rights TO tocsin_alerts;
"""
_DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
FUNCTIONS = f"""
CREATE FUNCTION access.depends_on(voter text, proposer text)
RETURNS boolean LANGUAGE sql STABLE {_DEFINER} AS $$
    SELECT EXISTS (
        SELECT FROM access.person_relation
         WHERE version = (SELECT max(version) FROM access.decision_rights)
           AND person_id = proposer AND related_id = voter)
$$;

CREATE FUNCTION access.has_limit(voter text, wanted numeric, wanted_currency text)
RETURNS boolean LANGUAGE sql STABLE {_DEFINER} AS $$
    SELECT EXISTS (
        SELECT FROM access.approval_limit
         WHERE version = (SELECT max(version) FROM access.decision_rights)
           AND (voter IS NULL OR person_id = voter)
           AND amount >= wanted AND currency = wanted_currency)
$$;

CREATE FUNCTION access.vote_refusal(
    entry access.approval_entry, voter text, in_emergency boolean DEFAULT false)
RETURNS text LANGUAGE sql STABLE {_DEFINER} AS $$
    SELECT CASE
        WHEN NOT EXISTS (SELECT FROM access.person WHERE person_id = voter) THEN 'UNKNOWN'
        WHEN lower(voter) = lower(entry.proposed_by) THEN 'PROPOSER'
        WHEN voter = ANY (entry.barred) THEN 'OWNER'
        WHEN access.depends_on(voter, entry.proposed_by) THEN 'RELATED'
        WHEN EXISTS (
            SELECT FROM access.conflict_of_interest AS conflict
              JOIN access.approval_entry AS other ON other.id = conflict.proposal_id
             WHERE conflict.person_id = voter
               AND (other.id = entry.id OR other.borrower_id = entry.borrower_id)) THEN 'CONFLICT'
        WHEN EXISTS (
            SELECT FROM access.approval_vote
             WHERE proposal_id = entry.id AND person_id = voter) THEN 'VOTED'
        WHEN NOT entry.by_committee AND EXISTS (
            SELECT FROM access.approval_vote
             WHERE proposal_id = entry.id
               AND (access.depends_on(voter, person_id) OR access.depends_on(person_id, voter)))
            THEN 'RELATED'
        WHEN in_emergency THEN (
            SELECT CASE WHEN voter = ANY (on_call) THEN NULL ELSE 'NOT_ON_CALL' END
              FROM (SELECT COALESCE((
                  SELECT on_call FROM access.decision_rights ORDER BY version DESC LIMIT 1),
                  '{{}}') AS on_call) AS present)
        WHEN NOT EXISTS (SELECT FROM access.decision_rights) THEN NULL
        WHEN entry.by_committee AND NOT voter = ANY ((
            SELECT committee FROM access.decision_rights ORDER BY version DESC LIMIT 1)::text[])
            THEN 'NOT_IN_COMMITTEE'
        WHEN NOT entry.by_committee AND entry.amount IS NOT NULL
             AND NOT access.has_limit(voter, entry.amount, entry.currency) THEN 'LIMIT'
    END
$$;

CREATE FUNCTION access.approval_proposed() RETURNS trigger LANGUAGE plpgsql {_DEFINER} AS $$
DECLARE
    members integer;
BEGIN
    NEW.id := nextval('access.approval_number');
    NEW.by_committee := false;
    NEW.needed_to_reject := 1;
    SELECT cardinality(committee) INTO members
      FROM access.decision_rights ORDER BY version DESC LIMIT 1;
    IF NEW.amount IS NOT NULL AND members > 0
       AND NOT access.has_limit(NULL, NEW.amount, NEW.currency) THEN
        NEW.by_committee := true;
        NEW.needed := greatest(NEW.needed, members / 2 + 1);
        NEW.needed_to_reject := greatest(1, members - NEW.needed + 1);
    END IF;
    INSERT INTO access.approval_entry
    SELECT (jsonb_populate_record(
        null::access.approval_entry,
        to_jsonb(NEW) || jsonb_build_object('service', TG_TABLE_SCHEMA))).*;
    RETURN NEW;
END $$;

CREATE FUNCTION access.approval_voted() RETURNS trigger LANGUAGE plpgsql {_DEFINER} AS $$
DECLARE
    entry access.approval_entry;
    refusal text;
BEGIN
    SELECT * INTO STRICT entry FROM access.approval_entry
     WHERE id = NEW.proposal_id AND service = TG_TABLE_SCHEMA;
    refusal := access.vote_refusal(entry, NEW.person_id, NEW.is_emergency);
    IF refusal IS NOT NULL THEN
        RAISE EXCEPTION '% may not decide proposal %: %', NEW.person_id, entry.id, refusal
            USING ERRCODE = '23514', CONSTRAINT = 'voter_may_decide';
    END IF;
    INSERT INTO access.approval_vote
    VALUES (NEW.proposal_id, NEW.person_id, NEW.approves, NEW.is_emergency, NEW.reason,
            NEW.voted_at);
    RETURN NEW;
END $$;

CREATE FUNCTION access.approval_decided() RETURNS trigger LANGUAGE plpgsql {_DEFINER} AS $$
DECLARE
    entry access.approval_entry;
    counted bigint;
    in_emergency bigint;
BEGIN
    SELECT * INTO STRICT entry FROM access.approval_entry
     WHERE id = NEW.proposal_id AND service = TG_TABLE_SCHEMA;
    SELECT count(*), count(*) FILTER (WHERE is_emergency) INTO counted, in_emergency
      FROM access.approval_vote
     WHERE proposal_id = entry.id AND approves = (NEW.outcome = 'APPROVED');
    IF counted < (CASE WHEN NEW.outcome = 'APPROVED' THEN entry.needed
                       ELSE entry.needed_to_reject END)
       AND NOT (NEW.outcome = 'APPROVED' AND in_emergency >= 2) THEN
        RAISE EXCEPTION 'proposal % has not the votes for %', entry.id, NEW.outcome
            USING ERRCODE = '23514', CONSTRAINT = 'enough_people_voted';
    END IF;
    UPDATE access.approval_entry
       SET outcome = NEW.outcome, decided_by = NEW.decided_by, decided_at = NEW.decided_at,
           decision_reason = NEW.reason
     WHERE id = entry.id;
    RETURN NEW;
END $$;

CREATE FUNCTION access.replace_decision_rights(
    approval bigint, relations json, limits json, committee text[], on_call text[])
RETURNS void LANGUAGE plpgsql {_DEFINER} AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM access.approval_entry
                    WHERE id = approval AND service = 'alerts' AND kind = 'directory'
                      AND outcome = 'APPROVED') THEN
        RAISE EXCEPTION 'approval % activates no directory', approval USING ERRCODE = '42501';
    END IF;
    INSERT INTO access.decision_rights VALUES (approval, committee, on_call);
    INSERT INTO access.person_relation
    SELECT approval, person_id, related_id, why
      FROM json_to_recordset(relations) AS row (person_id text, related_id text, why text);
    INSERT INTO access.approval_limit
    SELECT approval, person_id, amount, currency
      FROM json_to_recordset(limits) AS row (person_id text, amount numeric, currency text);
END $$;
"""
