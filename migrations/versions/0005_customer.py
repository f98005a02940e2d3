"""Create customers, their addresses and access tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('CREATE SCHEMA "customer"')
    op.create_table(
        "customer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("accepts_marketing", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("default_address_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "email = lower(email) AND length(email) BETWEEN 3 AND 254", name=op.f("ck_customer_email_lower")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("email", name=op.f("uq_customer_email")),
        schema="customer",
    )
    op.create_index("ix_customer_created_at", "customer", ["created_at", "id"], unique=False, schema="customer")
    op.create_table(
        "access_token",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.customer.id"],
            name=op.f("fk_access_token_customer_id_customer"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_access_token")),
        schema="customer",
    )
    op.create_index(
        op.f("ix_access_token_customer_id"), "access_token", ["customer_id"], unique=False, schema="customer"
    )
    op.create_index("ix_access_token_expires_at", "access_token", ["expires_at"], unique=False, schema="customer")
    op.create_table(
        "address",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("company", sa.Text(), nullable=True),
        sa.Column("address1", sa.Text(), nullable=True),
        sa.Column("address2", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("province_code", sa.Text(), nullable=True),
        sa.Column("country_code", sa.Text(), nullable=True),
        sa.Column("zip", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.customer.id"], name=op.f("fk_address_customer_id_customer"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
        schema="customer",
    )
    op.create_index("ix_address_customer", "address", ["customer_id", "id"], unique=False, schema="customer")


def downgrade() -> None:
    op.drop_index("ix_address_customer", table_name="address", schema="customer")
    op.drop_table("address", schema="customer")
    op.drop_index("ix_access_token_expires_at", table_name="access_token", schema="customer")
    op.drop_index(op.f("ix_access_token_customer_id"), table_name="access_token", schema="customer")
    op.drop_table("access_token", schema="customer")
    op.drop_index("ix_customer_created_at", table_name="customer", schema="customer")
    op.drop_table("customer", schema="customer")
    op.execute('DROP SCHEMA "customer"')
