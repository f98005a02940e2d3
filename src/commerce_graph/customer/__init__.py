"""Customers: accounts, sign-in and the addresses they keep."""

from strawberry.tools import merge_types

from commerce_graph.customer.graph.access_token import AccessTokenMutation
from commerce_graph.customer.graph.address import AddressMutation
from commerce_graph.customer.graph.customer import AccountMutation, Customer, CustomerQuery
from commerce_graph.customer.service import delete_expired_tokens
from commerce_graph.kernel.module import Job, Module

module = Module(
    name="customer",
    query=CustomerQuery,
    mutation=merge_types("CustomerMutation", (AccountMutation, AccessTokenMutation, AddressMutation)),
    owns=(Customer,),
    jobs=(Job("customer.delete_expired_tokens", 3_600, delete_expired_tokens),),
)
