"""The application factory: settings, blueprints, error pages, command groups. Nothing else."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Flask
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

import config
from services.uow import Database
from views import (
    archive_files,
    archive_room,
    archive_signals,
    archive_terms,
    audit,
    audit_log,
    audit_trail,
    auth,
    cases,
    clauses,
    cli,
    comparing,
    compliance,
    demo,
    errors,
    exceptions,
    exporting,
    files,
    founding,
    i18n,
    inbox,
    intake,
    kit,
    launch,
    library,
    migrating,
    notifications,
    organisation,
    people,
    plan_papers,
    plan_settings,
    plans,
    proof,
    proposing,
    read_only,
    replaying,
    reports,
    sealing,
    searching,
    security,
    session,
    statement_new,
    statements,
    studio,
    studio_decisions,
    studio_diagram,
    studio_findings,
    studio_forms,
    studio_past,
    studio_table,
    studio_whatif,
    tasks,
    terms,
    unmasking,
)

BLUEPRINTS = (
    auth.bp,
    audit.bp,
    exceptions.bp,
    searching.bp,
    inbox.bp,
    tasks.bp,
    cases.bp,
    clauses.bp,
    compliance.bp,
    intake.bp,
    statement_new.bp,
    statements.bp,
    reports.bp,
    files.bp,
    replaying.bp,
    library.bp,
    plans.bp,
    plan_settings.bp,
    migrating.bp,
    comparing.bp,
    plan_papers.bp,
    studio.bp,
    studio_decisions.bp,
    studio_diagram.bp,
    studio_findings.bp,
    studio_forms.bp,
    studio_past.bp,
    studio_table.bp,
    studio_whatif.bp,
    proposing.bp,
    notifications.bp,
    people.bp,
    organisation.bp,
    archive_room.bp,
    archive_files.bp,
    archive_signals.bp,
    archive_terms.bp,
    audit_log.bp,
    exporting.bp,
    proof.bp,
    unmasking.bp,
)


def create_app(
    settings: config.Settings | None = None,
    *,
    database: Database | None = None,
    clock: Callable[[], datetime] = kit.wall_clock,
) -> Flask:
    """The application. Without arguments it is made from the environment; tests give their own
    settings, database and clock. Raises `config.ConfigError` for settings that put the
    installation at risk."""
    settings = settings or config.read(os.environ)
    settings.check()
    logging.basicConfig(level=settings.log_level)
    # Every look at the timer rows would be a line.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="planroom",
        SESSION_COOKIE_SECURE=settings.session_cookie_secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        MAX_CONTENT_LENGTH=settings.max_upload_mb * 1_000_000,
        MAX_FORM_MEMORY_SIZE=security.FORM_BYTES,
        MAX_FORM_PARTS=2_000,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_SSL_STRICT=settings.session_cookie_secure,
        BABEL_DEFAULT_LOCALE="zh",
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    app.extensions["planroom"] = kit.Planroom(settings, database or Database(settings.url), clock)
    parts = (
        i18n, kit, terms, session, security, errors, audit, audit_trail, read_only, exporting,
    )  # fmt: skip
    for part in parts:
        part.init_app(app)
    CSRFProtect(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    if settings.demo:
        app.register_blueprint(demo.bp)
    cli.init_app(app)
    app.cli.add_command(launch.run_planroom)
    app.cli.add_command(founding.org_group)
    for command in sealing.COMMANDS:
        founding.history_group.add_command(command)
    app.cli.add_command(founding.history_group)
    return app
