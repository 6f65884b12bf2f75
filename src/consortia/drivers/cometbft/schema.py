"""The messages of ABCI 2.0, one a line: `Name field=number:type ...`.

Field numbers and types are those of CometBFT v0.39.4, `proto/tendermint/abci/types.proto` and the files that
it imports (the same bytes as v0.38.25, which lacks InsertTx and ReapTxs). `*type` is a repeated field,
`?type` one of a message's alternatives (a oneof). Enumerations are int32 on the wire, and so here. What
CometBFT sends and nobody reads (a commit's votes, for one) is left out: parsing passes over it.
"""

SCHEMA = """
Request echo=1:?RequestEcho flush=2:?RequestFlush info=3:?RequestInfo init_chain=5:?RequestInitChain
    query=6:?RequestQuery check_tx=8:?RequestCheckTx commit=11:?RequestCommit
    list_snapshots=12:?RequestListSnapshots offer_snapshot=13:?RequestOfferSnapshot
    load_snapshot_chunk=14:?RequestLoadSnapshotChunk apply_snapshot_chunk=15:?RequestApplySnapshotChunk
    prepare_proposal=16:?RequestPrepareProposal process_proposal=17:?RequestProcessProposal
    extend_vote=18:?RequestExtendVote verify_vote_extension=19:?RequestVerifyVoteExtension
    finalize_block=20:?RequestFinalizeBlock insert_tx=21:?RequestInsertTx reap_txs=22:?RequestReapTxs
RequestEcho message=1:string
RequestFlush
RequestInfo version=1:string block_version=2:uint64 p2p_version=3:uint64 abci_version=4:string
RequestInitChain time=1:Timestamp chain_id=2:string consensus_params=3:ConsensusParams
    validators=4:*ValidatorUpdate app_state_bytes=5:bytes initial_height=6:int64
RequestQuery data=1:bytes path=2:string height=3:int64 prove=4:bool
RequestCheckTx tx=1:bytes type=2:int32
RequestCommit
RequestListSnapshots
RequestOfferSnapshot snapshot=1:Snapshot app_hash=2:bytes
RequestLoadSnapshotChunk height=1:uint64 format=2:uint32 chunk=3:uint32
RequestApplySnapshotChunk index=1:uint32 chunk=2:bytes sender=3:string
RequestPrepareProposal max_tx_bytes=1:int64 txs=2:*bytes misbehavior=4:*Misbehavior height=5:int64
    time=6:Timestamp next_validators_hash=7:bytes proposer_address=8:bytes
RequestProcessProposal txs=1:*bytes misbehavior=3:*Misbehavior hash=4:bytes height=5:int64 time=6:Timestamp
    next_validators_hash=7:bytes proposer_address=8:bytes
RequestExtendVote hash=1:bytes height=2:int64
RequestVerifyVoteExtension hash=1:bytes validator_address=2:bytes height=3:int64 vote_extension=4:bytes
RequestFinalizeBlock txs=1:*bytes misbehavior=3:*Misbehavior hash=4:bytes height=5:int64 time=6:Timestamp
    next_validators_hash=7:bytes proposer_address=8:bytes
RequestInsertTx tx=1:bytes
RequestReapTxs max_bytes=1:uint64 max_gas=2:uint64
Response exception=1:?ResponseException echo=2:?ResponseEcho flush=3:?ResponseFlush info=4:?ResponseInfo
    init_chain=6:?ResponseInitChain query=7:?ResponseQuery check_tx=9:?ResponseCheckTx
    commit=12:?ResponseCommit list_snapshots=13:?ResponseListSnapshots
    offer_snapshot=14:?ResponseOfferSnapshot load_snapshot_chunk=15:?ResponseLoadSnapshotChunk
    apply_snapshot_chunk=16:?ResponseApplySnapshotChunk
    prepare_proposal=17:?ResponsePrepareProposal process_proposal=18:?ResponseProcessProposal
    extend_vote=19:?ResponseExtendVote verify_vote_extension=20:?ResponseVerifyVoteExtension
    finalize_block=21:?ResponseFinalizeBlock
ResponseException error=1:string
ResponseEcho message=1:string
ResponseFlush
ResponseInfo data=1:string version=2:string app_version=3:uint64 last_block_height=4:int64
    last_block_app_hash=5:bytes
ResponseInitChain consensus_params=1:ConsensusParams validators=2:*ValidatorUpdate app_hash=3:bytes
ResponseQuery code=1:uint32 log=3:string info=4:string index=5:int64 key=6:bytes value=7:bytes height=9:int64
    codespace=10:string
ResponseCheckTx code=1:uint32 data=2:bytes log=3:string info=4:string gas_wanted=5:int64 gas_used=6:int64
    codespace=8:string
ResponseCommit retain_height=3:int64
ResponseListSnapshots snapshots=1:*Snapshot
ResponseOfferSnapshot result=1:int32
ResponseLoadSnapshotChunk chunk=1:bytes
ResponseApplySnapshotChunk result=1:int32 refetch_chunks=2:*uint32 reject_senders=3:*string
ResponsePrepareProposal txs=1:*bytes
ResponseProcessProposal status=1:int32
ResponseExtendVote vote_extension=1:bytes
ResponseVerifyVoteExtension status=1:int32
ResponseFinalizeBlock tx_results=2:*ExecTxResult validator_updates=3:*ValidatorUpdate
    consensus_param_updates=4:ConsensusParams app_hash=5:bytes
ExecTxResult code=1:uint32 data=2:bytes log=3:string info=4:string gas_wanted=5:int64 gas_used=6:int64
    codespace=8:string
Validator address=1:bytes power=3:int64
ValidatorUpdate pub_key=1:PublicKey power=2:int64
PublicKey ed25519=1:?bytes secp256k1=2:?bytes
Misbehavior type=1:int32 validator=2:Validator height=3:int64 time=4:Timestamp total_voting_power=5:int64
Snapshot height=1:uint64 format=2:uint32 chunks=3:uint32 hash=4:bytes metadata=5:bytes
ConsensusParams block=1:BlockParams evidence=2:EvidenceParams validator=3:ValidatorParams
    version=4:VersionParams abci=5:ABCIParams
BlockParams max_bytes=1:int64 max_gas=2:int64
EvidenceParams max_age_num_blocks=1:int64 max_age_duration=2:Duration max_bytes=3:int64
ValidatorParams pub_key_types=1:*string
VersionParams app=1:uint64
ABCIParams vote_extensions_enable_height=1:int64
Timestamp seconds=1:int64 nanos=2:int32
Duration seconds=1:int64 nanos=2:int32
"""
